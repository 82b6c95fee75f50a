import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from './json.ts';

describe('JSON from an untrusted source', () => {
  it('is parsed as by JSON.parse', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 1), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), undefined, indent);
        expect(parseJson(written)).toEqual(JSON.parse(written));
      }),
    );
  });

  it.each([
    ['{"a":1,"b":{"a":2},"a":3}', /"a" is there twice/u],
    ['[{"a":1,"\\u0061":2}]', /is there twice/u],
    [`${'['.repeat(65)}${']'.repeat(65)}`, /64 levels/u],
    ['{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), /64 levels/u],
    ['{"a":1', /JSON/u],
  ])('is refused with duplicate keys, too deep or malformed (case %#)', (text, problem) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(() => parseJson(text)).toThrow(problem);
  });

  it('can be of any length', () => {
    const value = { long: 'x'.repeat(2 ** 24), 'after:': ['\\"'] };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
    const escaped = `"${'\\u0041'.repeat(2 ** 23)}"`;
    expect(parseJson(escaped)).toHaveLength(2 ** 23);
  });

  it('is refused for its depth before it is parsed', () => {
    // The parser would miss the end.
    expect(() => parseJson('['.repeat(65))).toThrow(/64 levels/u);
  });

  it('may have brackets, colons and quotes within strings', () => {
    const value = { 'a:{"': '[{:', b: ['\\"', '{', { 'a:{"': ':' }] };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });
});
