/** Which of the known names was probably meant. */

/** ` (did you mean 'X'?)`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : ` (did you mean '${near}'?)`;
}

/** The candidate that differs only in case, else in the extension, else by at most a quarter of its letters. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const sameLetters = candidates.find((candidate) => candidate.toLowerCase() === lower);
  if (sameLetters !== undefined) return sameLetters;
  const stem = withoutExtension(lower);
  const sameStem = candidates.find((candidate) => withoutExtension(candidate.toLowerCase()) === stem);
  if (sameStem !== undefined) return sameStem;
  // Names like slide-0001 all lie one digit apart: digits must agree, or the hint would point at another patient.
  const digits = digitsOf(lower);
  const limit = Math.max(1, Math.min(3, Math.floor(name.length / 4)));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > limit || digitsOf(candidate) !== digits) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

function withoutExtension(name: string): string {
  return name.replace(/\.(?:[a-z]{2,5}|h5|jp2)$/, '');
}

function digitsOf(name: string): string {
  return name.replace(/\D/g, '');
}

/** Levenshtein distance in which two letters that change places count once. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const distance = Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      current.push(swapped ? Math.min(distance, (before[column - 2] ?? 0) + 1) : distance);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
