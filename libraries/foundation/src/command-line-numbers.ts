/** Numbers on command lines: parsers for the options of every program of the project, with one wording of refusals. */

/**
 * A value of an option that is refused. Commander shows an error with this code together with the option's name; it is
 * set here, and commander not imported, because most programs that use the foundation have no command line.
 */
export class InvalidOptionValue extends Error {
  readonly code = 'commander.invalidArgument';
  readonly exitCode = 1;
}

/** Both ends belong to it. */
export interface NumberRange {
  readonly least?: number | undefined;
  readonly most?: number | undefined;
}

/** Decimal digits, with a sign only where the range has negative numbers. @throws InvalidOptionValue from the parser */
export function wholeNumber({ least = 0, most }: NumberRange = {}): (text: string) => number {
  const digits = least < 0 ? /^[+-]?\d+$/ : /^\d+$/;
  return (text) => {
    const value = digits.test(text) ? Number(text) : NaN;
    return inRange(Number.isSafeInteger(value) ? value : NaN, 'a whole number', { least, most });
  };
}

/** Any finite number as JavaScript writes it. @throws InvalidOptionValue from the parser */
export function decimalNumber(range: NumberRange = {}): (text: string) => number {
  return (text) => inRange(text.trim() === '' ? NaN : Number(text), 'a number', range);
}

function inRange(value: number, kind: string, range: NumberRange): number {
  const { least = -Infinity, most = Infinity } = range;
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new InvalidOptionValue(`It must be ${kind}${rangeText(range)}.`);
}

function rangeText({ least, most }: NumberRange): string {
  if (least === undefined) return most === undefined ? '' : ` of at most ${most}`;
  return most === undefined ? ` of at least ${least}` : ` from ${least} to ${most}`;
}
