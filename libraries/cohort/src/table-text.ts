/** The bytes of a table as text, or what they are instead. */
import { WsiError } from '@wsi-operator/foundation';

interface OtherFile {
  /** The first bytes in hexadecimal, or a pattern of the first characters. */
  readonly begins: readonly string[] | RegExp;
  readonly what: string;
  readonly remedy: string;
}

/** A thousand patients with eight thousand columns each. */
const MOST_CELLS = 2 ** 23;
/** 1 for commas, semicolons, tabs, vertical bars and ends of lines. */
const SEPARATORS = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(Buffer.from(',;\t|\n\r').includes(byte)),
);
const SAVE_SHEET = 'Open it and save the sheet as "CSV UTF-8 (comma delimited)".';
const EXPORT = 'Export it as CSV in UTF-8.';
/** What files that are called .csv turn out to be. */
const OTHER_FILES: readonly OtherFile[] = [
  { begins: ['504b0304'], what: 'an Excel workbook (or another ZIP file)', remedy: SAVE_SHEET },
  { begins: ['d0cf11e0'], what: 'a workbook of an old Excel', remedy: SAVE_SHEET },
  { begins: ['1f8b'], what: 'compressed with gzip', remedy: 'Unpack it with gunzip.' },
  { begins: ['425a68', 'fd377a585a', '377abcaf', '28b52ffd'], what: 'compressed', remedy: 'Unpack it.' },
  {
    begins: ['49492a00', '49492b00', '4d4d002a', '4d4d002b'],
    what: 'a TIFF',
    remedy: "Correct the cohort's `table`.",
  },
  { begins: ['89484446'], what: 'an HDF5 file', remedy: EXPORT },
  { begins: /^(?:PAR1|ARROW1|SQLite format|%PDF|\{\\rtf)/, what: 'not a table of text', remedy: EXPORT },
  { begins: /^\s*<(?:!doctype|html|table|\?xml)/i, what: 'a web page or XML', remedy: EXPORT },
  { begins: /^\s*[[{]\s*["{[]/, what: 'JSON', remedy: EXPORT },
  {
    begins: /^version https:\/\/git-lfs/,
    what: 'a pointer of Git LFS, not the file itself',
    remedy: 'Fetch it with `git lfs pull`.',
  },
];

/**
 * Text of the table: UTF-8, or UTF-16 when its byte-order mark or its zero bytes say so.
 * @throws WsiError `InvalidCohort` for everything else, saying what it is and what to do
 */
export function decodeTable(bytes: Uint8Array, path: string): string {
  const start = Buffer.from(bytes.subarray(0, 512));
  const other = OTHER_FILES.find(({ begins }) =>
    begins instanceof RegExp
      ? begins.test(start.toString('latin1'))
      : begins.some((prefix) => start.toString('hex').startsWith(prefix)),
  );
  if (other !== undefined) {
    throw new WsiError('InvalidCohort', `this is ${other.what}.`, { where: path, remedy: other.remedy });
  }
  requireCells(bytes, path);
  const encoding = encodingOf(bytes);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (text.includes('\u0000')) throw new TypeError('a zero character');
    return text;
  } catch (error) {
    throw new WsiError('InvalidCohort', `this is not a text file in UTF-8${whereNot(bytes, encoding)}.`, {
      where: path,
      remedy:
        'Save the table as "CSV UTF-8" (in R: fileEncoding = "UTF-8"; with iconv: iconv -f WINDOWS-1252 -t UTF-8).',
      cause: error,
    });
  }
}

/** Each cell becomes an object of some hundred bytes. */
function requireCells(bytes: Uint8Array, path: string): void {
  let cells = 0;
  for (let at = 0; at < bytes.length; at++) cells += SEPARATORS[bytes[at]!]!;
  if (cells <= MOST_CELLS) return;
  throw new WsiError('InvalidCohort', `the table has more than ${MOST_CELLS} cells.`, {
    where: path,
    remedy: 'Keep the columns that the job names, and the rows of its patients.',
  });
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  // Text in Latin letters: every second byte is zero.
  const head = bytes.subarray(0, 64);
  const zeros = [0, 1].map((parity) => head.filter((byte, at) => at % 2 === parity && byte === 0).length);
  const half = head.length / 2;
  if (half < 2 || bytes.length % 2 !== 0) return 'utf-8';
  if (zeros[0] === 0 && zeros[1]! > half * 0.9) return 'utf-16le';
  return zeros[1] === 0 && zeros[0]! > half * 0.9 ? 'utf-16be' : 'utf-8';
}

/** The line of the first bytes that are no UTF-8, and what they would be in the usual other encoding. */
function whereNot(bytes: Uint8Array, encoding: string): string {
  if (encoding !== 'utf-8') return '';
  const lines = splitLines(bytes);
  const bad = lines.findIndex((line) => !isUtf8(line));
  const line = lines[bad];
  if (line === undefined) return '';
  if (line.includes(0)) return `: line ${bad + 1} holds a zero byte`;
  const text = new TextDecoder('windows-1252').decode(line).trim();
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return `: line ${bad + 1} may be Windows-1252 ('${shown}')`;
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x0a && (bytes[at] !== 0x0d || bytes[at + 1] === 0x0a)) continue;
    lines.push(bytes.subarray(start, at));
    start = at + 1;
  }
  return lines;
}

function isUtf8(line: Uint8Array): boolean {
  if (line.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(line);
    return true;
  } catch {
    return false;
  }
}
