/**
 * Remission times in weeks of 42 children with acute leukaemia, 6-mercaptopurine against placebo: Freireich et al.,
 * Blood 21:699 (1963), the data on which textbooks work out survival statistics by hand.
 */
import type { Survival } from './samples.ts';

export const mercaptopurine = weeks('6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+');
export const placebo = weeks('1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23');

/** `+` marks a censored time. */
function weeks(text: string): Survival[] {
  return text.split(' ').map((word) => ({ time: parseInt(word, 10), event: !word.endsWith('+') }));
}
