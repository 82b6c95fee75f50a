/** Statistics as people read them, the same in the report and on the command line. */

/** A share or an index between 0 and 1, e.g. `0.934`; never 0.000 or 1.000 for what is neither. */
export function formatShare(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value > 0 && value < 0.0005) return '<0.001';
  if (value < 1 && value >= 0.9995) return '>0.999';
  return value.toFixed(3).replace('-', '−');
}

export function formatInterval({ lower, upper }: { lower: number; upper: number }): string {
  return `${formatShare(lower)} to ${formatShare(upper)}`;
}

export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.0005) return '<0.1%';
  // Next to 0 and 1 a digit more: 99.6% is not all of them.
  const digits = share !== 0 && share !== 1 && (share < 0.1 || share >= 0.995) ? 1 : 0;
  const text = (share * 100).toFixed(digits);
  return text === '100.0' && share < 1 ? '>99.9%' : `${text}%`;
}

export function formatPValue(value: number): string {
  if (!Number.isFinite(value)) return 'p –';
  if (value < 0.001) return 'p < 0.001';
  return value >= 0.9995 ? 'p > 0.999' : `p = ${value.toFixed(3)}`;
}

/** `1 patient`, `2 patients`. */
export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString('en-US')} ${noun}${amount === 1 ? '' : 's'}`;
}

/** `95%` of 0.95. */
export function formatLevel(level: number): string {
  return `${Number((level * 100).toPrecision(4))}%`;
}

/** A class or column as the table has it, cut where it is too long for a sentence. */
export function shortName(name: string): string {
  const characters = Array.from(new Intl.Segmenter('en').segment(name), ({ segment }) => segment);
  return characters.length <= 40 ? name : `${characters.slice(0, 39).join('')}…`;
}
