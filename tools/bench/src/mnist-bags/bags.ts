/**
 * MNIST-bags (Ilse, Tomczak and Welling, Attention-based deep multiple instance learning, 2018): a bag of digits is positive
 * when a 9 is among them. The length of a bag is drawn as by the authors' program (AMLab-Amsterdam/AttentionDeepMIL,
 * `dataloader.py`): the whole part of a normal number with the mean 10 and the deviation 2, which is what it makes of its
 * "variance" of 2. Half of the bags of each set are positive.
 */
import { RandomStream, WsiError } from '@wsi-operator/foundation';

export type BagSet = 'train' | 'test';

export interface Bag {
  readonly name: string;
  readonly set: BagSet;
  readonly positive: boolean;
  /** Places of its digits among all digits; one may occur twice. */
  readonly digits: readonly number[];
}

export interface BagCounts {
  readonly train: number;
  readonly test: number;
}

const TARGET = 9;
const MEAN_LENGTH = 10;
const LENGTH_DEVIATION = 2;
/** Of all digits; the others are for the test bags. */
const TRAINING_SHARE = 0.6;

/**
 * The same seed gives the same bags; more training bags are the same ones and others behind them, and the test bags do not
 * depend on their number. No digit is in a training and a test bag.
 *
 * @param labels of all digits, 0 to 9
 * @throws WsiError `InvalidArgument` for a number of bags that cannot be divided evenly between the classes
 */
export function drawBags(labels: readonly number[], counts: BagCounts, seed: number): Bag[] {
  const order = new RandomStream(seed, 'mnist-bags/digits').shuffled(labels.map((_, index) => index));
  const training = Math.round(order.length * TRAINING_SHARE);
  const pools = { train: order.slice(0, training), test: order.slice(training) };
  return (['train', 'test'] as const).flatMap((set) => {
    const count = counts[set];
    if (!Number.isInteger(count) || count < 2 || count % 2 !== 0) {
      throw new WsiError(
        'InvalidArgument',
        `${count} bags for ${set} are not an even number of at least 2.`,
        {
          remedy: 'Half of the bags are positive.',
        },
      );
    }
    return Array.from({ length: count }, (_, index) => {
      const name = `${set}-${String(index).padStart(4, '0')}`;
      const positive = index % 2 === 1;
      const stream = new RandomStream(seed, `mnist-bags/${name}`);
      return { name, set, positive, digits: drawDigits(labels, pools[set], positive, stream) };
    });
  });
}

/** Whole bags are drawn until one is of the class: it has as many nines as chance gives a bag that has any. */
function drawDigits(
  labels: readonly number[],
  pool: readonly number[],
  positive: boolean,
  stream: RandomStream,
): number[] {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const length = Math.max(1, Math.trunc(MEAN_LENGTH + LENGTH_DEVIATION * stream.normal()));
    const digits = Array.from({ length }, () => pool[stream.integer(pool.length)]!);
    if (digits.some((digit) => labels[digit] === TARGET) === positive) return digits;
  }
  throw new WsiError('Internal', `no ${positive ? 'positive' : 'negative'} bag in a thousand draws.`);
}
