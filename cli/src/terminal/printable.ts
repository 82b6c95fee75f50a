/**
 * Text from elsewhere (a cluster's status and logs, a table, a slide's metadata, a file's name) as a terminal may show it
 * (pure). A terminal obeys what is hidden in a text: it moves the cursor, changes its title, answers with input, turns
 * the direction of the letters. So every character that is not seen is written out, once, where all output goes through.
 *
 * Own sequences (colours, a redrawn line) go the same way. They are marked with a number that is drawn when the program
 * starts, so that no text from elsewhere can pass for one of them.
 */
import { randomUUID } from 'node:crypto';

/**
 * Control characters (C0, DEL, C1) other than line breaks and tabs; characters of format, among them those of direction
 * (U+202E) and without width (U+200B, U+FEFF); separators of lines and paragraphs; halves of characters.
 */
const UNSEEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** As JSON writes it, so that JSON stays what it is. */
function written(character: string): string {
  return Array.from({ length: character.length }, (_unused, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** All that cannot be seen is written out: `\u001b`, `\u202e`. Line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(UNSEEN, written);
}

/** As {@link printable}, for a text that is to be one line: a cell, a name. */
export function oneLine(text: string): string {
  return printable(text)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\t', String.raw`\t`);
}

const NONCE = randomUUID();
const OPEN = `\u001b<${NONCE}:`;
const CLOSE = `:${NONCE}>`;

/** Marks a sequence of the program's own, such as `\u001b[K`; only {@link rendered} makes it one. */
export function ownSequence(sequence: string): string {
  return `${OPEN}${sequence}${CLOSE}`;
}

/** A coloured text: the colours are own, the text between them is not. */
export function ownColours(paint: (text: string) => string, text: string): string {
  const [before = '', after = ''] = paint('\u0000').split('\u0000');
  return `${ownSequence(before)}${text}${ownSequence(after)}`;
}

/** What is written to the terminal: own sequences as they are, everything else {@link printable}. */
export function rendered(text: string): string {
  return text
    .split(OPEN)
    .map((part, index) => {
      const end = index === 0 ? -1 : part.indexOf(CLOSE);
      if (end < 0) return printable(part);
      return part.slice(0, end) + printable(part.slice(end + CLOSE.length));
    })
    .join('');
}
