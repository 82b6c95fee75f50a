import { describe, expect, it } from '@jest/globals';
import { oneLine, ownColours, ownSequence, printable, rendered } from './printable.ts';

/** What makes a terminal do something, or shows another text than the one that is there. */
const HOSTILE: readonly (readonly [name: string, character: string])[] = [
  ['escape', '\u001b'],
  ['control sequence of one byte', '\u009b'],
  ['operating system command', '\u009d'],
  ['bell', '\u0007'],
  ['backspace', '\b'],
  ['carriage return', '\r'],
  ['null', '\u0000'],
  ['delete', '\u007f'],
  ['right-to-left override', '\u202e'],
  ['isolate', '\u2066'],
  ['left-to-right mark', '\u200e'],
  ['Arabic letter mark', '\u061c'],
  ['zero-width space', '\u200b'],
  ['joiner', '\u200d'],
  ['byte order mark', '\ufeff'],
  ['soft hyphen', '\u00ad'],
  ['line separator', '\u2028'],
  ['paragraph separator', '\u2029'],
  ['invisible tag', '\u{e0041}'],
  ['half of a character', '\ud800'],
];

describe('printable', () => {
  it.each(HOSTILE)('escapes the %s', (_name, character) => {
    const shown = printable(`a${character}b`);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(`"${shown}"`)).toBe(`a${character}b`);
    expect(printable(shown)).toBe(shown);
  });

  it('keeps visible characters, line breaks and tabs', () => {
    const text = 'Ü ß 日本 العربية 🧬 a\n\tb \\u001b';
    expect(printable(text)).toBe(text);
    expect(oneLine('a\n\tb')).toBe(String.raw`a\n\tb`);
  });

  it('keeps JSON equivalent', () => {
    const value = Object.fromEntries(HOSTILE.map(([name, character]) => [name, character]));
    // JSON.stringify leaves DEL, C1 and characters of format as they are.
    expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
  });
});

describe('rendered', () => {
  it("keeps the program's own sequences and no others", () => {
    const text = `${ownSequence('\u001b[K')}a\u001b[2Jb`;
    expect(rendered(text)).toBe('\u001b[K' + String.raw`a\u001b[2Jb`);
    const red = ownColours((part) => `\u001b[31m${part}\u001b[39m`, 'x\u001b[0my');
    expect(rendered(red)).toBe('\u001b[31m' + String.raw`x\u001b[0my` + '\u001b[39m');
  });

  it('ignores marks that it did not make, because each process draws its own', () => {
    const own = ownSequence('\u001b[K');
    const forged = own.replaceAll(/[0-9a-f]{8}-/g, '00000000-');
    expect(forged).not.toBe(own);
    expect(rendered(forged)).not.toContain('\u001b');
    // A mark without its end is text.
    expect(rendered(own.slice(0, -3))).not.toContain('\u001b');
  });
});
