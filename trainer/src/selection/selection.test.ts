import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SELECTION_METRICS, type SelectionMetric } from '@wsi-operator/api';
import { select, withScore, writtenSelection, type EpochScore } from './selection.ts';

const scoresOf = (values: readonly (number | undefined)[]): EpochScore[] =>
  values.map((value, epoch) => ({ epoch, version: 3 * (epoch + 1), value }));

describe('the choice of an epoch', () => {
  it.each([
    ['the highest AUC', 'auc', [0.5, 0.8, 0.7], 1],
    ['the lowest log loss', 'logLoss', [0.7, 0.4, 0.6], 1],
    ['the earliest of equal ones', 'cIndex', [0.5, 0.6, 0.6], 1],
    ['none that is not defined', 'auc', [undefined, 0.4, undefined], 1],
    ['none that is no number', 'auc', [Number.NaN, 0.4, Number.POSITIVE_INFINITY], 1],
    ['the first when nothing gets better', 'accuracy', [0.9, 0.8, 0.9], 0],
  ] as const)('takes %s', (_name, metric, values, best) => {
    expect(select(scoresOf(values), { metric }).best?.epoch).toBe(best);
  });

  it('takes nothing when the metric is never defined', () => {
    expect(select(scoresOf([undefined, undefined]), { metric: 'auc' }).best).toBeUndefined();
    expect(writtenSelection(scoresOf([undefined]), { metric: 'auc' }, 4)).toBeUndefined();
  });

  it('ends training after as many epochs without a better one as patience says, and no sooner', () => {
    const values = [0.5, 0.7, 0.6, 0.7, 0.6];
    const ends = [1, 2, 3, 4, 5].map((count) => {
      return select(scoresOf(values.slice(0, count)), { metric: 'auc', patience: 3 }).exhausted;
    });
    expect(ends).toEqual([false, false, false, false, true]);
    expect(select(scoresOf(values), { metric: 'auc' }).exhausted).toBe(false);
  });

  it('is of an epoch that no other one beats and no earlier one equals', () => {
    const metrics = Object.keys(SELECTION_METRICS) as SelectionMetric[];
    fc.assert(
      fc.property(
        fc.constantFrom(...metrics),
        fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }), { minLength: 1 }),
        (metric, values) => {
          const { best } = select(scoresOf(values), { metric });
          const sign = SELECTION_METRICS[metric].better === 'higher' ? 1 : -1;
          const gains = values.map((value) => (value === undefined ? -Infinity : sign * value));
          const highest = Math.max(...gains);
          expect(best?.epoch).toBe(highest === -Infinity ? undefined : gains.indexOf(highest));
        },
      ),
    );
  });

  it('replaces the scores of a version and of later ones when it is measured again', () => {
    const again = withScore(scoresOf([0.1, 0.2, 0.3]), { epoch: 1, version: 6, value: 0.9 });
    expect(again.map(({ version, value }) => [version, value])).toEqual([
      [3, 0.1],
      [6, 0.9],
    ]);
  });

  it('says in words which epoch was taken and why training ended', () => {
    const written = writtenSelection(scoresOf([0.5, 0.7, 0.6, 0.6]), { metric: 'auc', patience: 2 }, 9);
    expect(written).toEqual({
      metric: 'auc',
      patience: 2,
      epoch: 1,
      step: 6,
      value: 0.7,
      trainedEpochs: 4,
      epochs: 9,
      reason:
        'epoch 2 has the highest auc of the validation set (0.7); training ended after 4 of 9 epochs, 2 in a row of which were not better',
    });
    const whole = writtenSelection(scoresOf([0.5, 0.7]), { metric: 'auc', patience: 2 }, 2);
    expect(whole?.reason).toContain('all 2 epochs were trained');
  });
});
