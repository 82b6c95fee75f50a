/** Numbers as scanners and export programs write them: decimal commas, thousands separators, units in the text. */

/** Micrometres in one unit. In the order of length, so that "mm" is not read as "m". */
const MICROMETRES: readonly (readonly [RegExp, number])[] = [
  [/^(?:nm|nanomet(?:er|re)s?)$/iu, 1e-3],
  [/^(?:[uµμ]m?|mcm|microns?|micromet(?:er|re)s?)$/iu, 1],
  [/^(?:mm|millimet(?:er|re)s?)$/iu, 1e3],
  [/^(?:cm|centimet(?:er|re)s?)$/iu, 1e4],
  [/^(?:m|met(?:er|re)s?)$/iu, 1e6],
  [/^(?:in|inch|inches|")$/iu, 25_400],
];

/** @returns micrometres in the unit, or undefined for one that is no length ("pixel", "reference frame") */
export function micrometresIn(unit: string): number | undefined {
  const name = unit.trim().normalize('NFC');
  return MICROMETRES.find(([pattern]) => pattern.test(name))?.[1];
}

const NUMBER = /^[+-]?(?:\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)(?:e[+-]?\d+)?/iu;

/**
 * A number in any locale's writing: "0.4990", "0,4990", "1.234,5", "1,234.5", "1 234.5". A single separator is the
 * decimal one: what microscopes write is below a thousand.
 * @returns undefined when the text does not begin with a finite number
 */
export function numberIn(text: string): { readonly value: number; readonly rest: string } | undefined {
  const trimmed = text.trim();
  const written = NUMBER.exec(trimmed)?.[0].trimEnd();
  if (written === undefined) return undefined;
  const [digits = '', exponent] = written.replaceAll(/['’\u00a0\u202f ]/gu, '').split(/e/iu);
  const value = Number(
    `${withDecimalPoint(digits)}${exponent === undefined || exponent === '' ? '' : `e${exponent}`}`,
  );
  return Number.isFinite(value) ? { value, rest: trimmed.slice(written.length).trim() } : undefined;
}

/** The last kind of separator is the decimal one, unless it stands more than once. */
function withDecimalPoint(digits: string): string {
  const decimal = /[.,](?=[^.,]*$)/u.exec(digits)?.[0];
  if (decimal === undefined) return digits;
  const parts = digits.split(decimal).map((part) => part.replaceAll(/[.,]/gu, ''));
  if (parts.length > 2) return parts.join('');
  return parts.join('.');
}

/**
 * A length in micrometres, from a number with or without a unit ("0.25", "250 nm", "0,5 µm/px").
 * @param unit what a number without one is in
 * @returns undefined for what is no number, or has a unit that is no length
 */
export function micrometresFrom(text: string | undefined, unit = 'µm'): number | undefined {
  const found = numberIn(text ?? '');
  if (found === undefined) return undefined;
  const written = found.rest.replace(/\s*(?:\/|per)\s*(?:px|pixels?)$/iu, '').trim();
  const scale = micrometresIn(written === '' ? unit : written);
  return scale === undefined ? undefined : found.value * scale;
}

/** An objective's power: "20", "20x", "x40", "20,0". */
export function objectivePowerFrom(text: string | undefined): number | undefined {
  const found = numberIn((text ?? '').trim().replace(/^[x×]/iu, ''));
  if (found === undefined || !/^[x×]?$/iu.test(found.rest)) return undefined;
  return found.value > 0 ? found.value : undefined;
}
