/**
 * Names that a person would take for the same: `TCGA-AA-1000` and `tcga-aa-1000`, `Müller` in composed and decomposed
 * letters, 1001 and 1001.0, `b` with and without an invisible character. Each has the same skeleton; the skeleton is
 * never shown, and never used as a name.
 */
import { inLatinLetters, withoutAccents, withoutInvisible } from './characters.ts';

interface Fold {
  /** What two names differ in that this fold makes equal. */
  readonly difference: string;
  readonly fold: (text: string) => string;
}

const DASHES = /\s*[\p{Pd}\u2212_]\s*/gu;

/** Applied one after the other; each is idempotent. */
const FOLDS: readonly Fold[] = [
  { difference: 'how letters are composed (Unicode NFC and NFD)', fold: (text) => text.normalize('NFC') },
  { difference: 'invisible characters', fold: withoutInvisible },
  { difference: 'spaces', fold: (text) => text.replace(/\s+/gu, ' ').trim() },
  { difference: 'the encoding of letters', fold: withoutMojibake },
  { difference: 'the form of characters (Unicode NFKC)', fold: (text) => text.normalize('NFKC') },
  { difference: 'letters of another alphabet that look alike', fold: inLatinLetters },
  { difference: 'letter case', fold: (text) => text.toLowerCase() },
  { difference: 'accents', fold: withoutAccents },
  {
    difference: 'quotes and punctuation',
    fold: (text) => text.replace(/^["'`\u2018\u2019\u201c\u201d=#]+|["'`\u2019\u201d.,;:]+$/g, ''),
  },
  { difference: 'how a number is written', fold: plainNumber },
  { difference: 'dashes and spaces', fold: withoutSeparators },
  { difference: 'leading zeros', fold: (text) => text.replace(/(?<![\d.,])0+(?=\d)/g, '') },
];

/** How public archives begin the identifiers of samples, slides and files of one participant. */
const PARTICIPANTS: readonly RegExp[] = [
  /^tcga-[a-z0-9]{2}-[a-z0-9]{4}(?![a-z0-9])/,
  /^c3[ln]-\d{5}(?!\d)/,
  /^target-\d{2}-[a-z0-9]{6}(?![a-z0-9])/,
  /^gtex-[a-z0-9]{4,5}(?![a-z0-9])/,
  /^hcm-[a-z]{4}-\d{4}-c\d{2}(?!\d)/,
  /^hta\d+-\d+(?!\d)/,
];

export function skeletonOf(text: string): string {
  return FOLDS.reduce((folded, { fold }) => fold(folded), text);
}

/** The participant of a public archive (TCGA, CPTAC, TARGET, GTEx, HCMI, HTAN) whose barcode this is or begins with. */
export function participantOf(text: string): string | undefined {
  const dashed = withoutInvisible(text.normalize('NFKC'))
    .trim()
    .replace(DASHES, '-')
    .replaceAll('.', '-')
    .toLowerCase();
  for (const pattern of PARTICIPANTS) {
    const found = pattern.exec(dashed);
    if (found !== null) return found[0].toUpperCase();
  }
  return undefined;
}

/** As {@link skeletonOf}, but barcodes of one participant are the same patient however much of them is given. */
export function patientSkeletonOf(text: string): string {
  return skeletonOf(participantOf(text) ?? withDashes(text));
}

/** Signs that part an identifier, as dashes: R writes `TCGA.AA.1000`, pathology departments `H12/345`. */
function withDashes(text: string): string {
  return /[\p{L}/\\:]/u.test(text) && !/^[\d.,]+e\+?\d+$/i.test(text)
    ? text.replace(/[./\\:]+(?=[\p{L}\p{N}])/gu, '-')
    : text;
}

/** In what two names of one skeleton differ: `letter case`, or several such. */
export function differenceBetween(a: string, b: string): string {
  const single = FOLDS.find(({ fold }) => fold(a) === fold(b));
  if (single !== undefined) return single.difference;
  const participant = participantOf(a);
  if (participant !== undefined && participant === participantOf(b)) {
    return skeletonOf(a) === skeletonOf(b)
      ? 'spelling'
      : `how much of the barcode of ${participant} is given`;
  }
  const used: string[] = [];
  let [left, right] = [a, b];
  for (const { difference, fold } of FOLDS) {
    const [nextLeft, nextRight] = [fold(left), fold(right)];
    if ((nextLeft === left) !== (nextRight === right) && left !== right) used.push(difference);
    [left, right] = [nextLeft, nextRight];
  }
  if (left !== right) used.push('punctuation');
  return used.length === 0 ? 'spelling' : used.join(' and ');
}

/** `1,001`, `1001.0`, `1.001e3` and `+1001` as 1001; anything else as it is. */
function plainNumber(text: string): string {
  if (/^[1-9]\d{0,2}(?:[.,' ]\d{3})+(?:[.,]0+)?$/.test(text)) {
    return text.replace(/[.,]0{1,2}$|[.,]0{4,}$/, '').replace(/\D/g, '');
  }
  if (/^\+?\d+(?:[.,]0+)?$/.test(text)) return text.replace(/[.,]0+$|^\+/g, '').replace(/^0+(?=\d)/, '');
  if (!/^\+?\d+(?:[.,]\d+)?e\+?\d{1,2}$/.test(text)) return text;
  const value = Number(text.replace(',', '.'));
  return Number.isSafeInteger(value) ? String(value) : text;
}

/** Without dashes, underscores and spaces, but between two digits, where they part two numbers. */
function withoutSeparators(text: string): string {
  return text
    .replace(DASHES, '-')
    .replace(/(?<=[\p{L}\p{N}]) (?=[\p{L}\p{N}])/gu, '-')
    .replaceAll(' ', '')
    .replace(/(?<=[\p{L}\p{N}])-(?=[\p{L}\p{N}])/gu, (dash, at: number, whole: string) =>
      /\d-\d/.test(whole.slice(at - 1, at + 2)) ? dash : '',
    );
}

/** UTF-8 that was read as Latin-1 once (`MÃ¼ller`), as it was meant. */
function withoutMojibake(text: string): string {
  if (!/[\u00c2-\u00f4][\u0080-\u00bf]/.test(text)) return text;
  if (/[\u0100-\u{10ffff}]/u.test(text)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
