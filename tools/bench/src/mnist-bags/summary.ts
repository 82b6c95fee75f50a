/** The comparison as a table: means over seeds with their intervals. */
import { formatTable } from '../table.ts';
import type { MnistBagsRow } from './compare.ts';

/** Quantiles 0.975 of Student's t by degrees of freedom, from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export interface Estimate {
  readonly mean: number;
  /** Half the width of the interval of 95 % by Student's t, which takes the values for normal; NaN for fewer than 2. */
  readonly halfWidth: number;
}

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, halfWidth: NaN };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const quantile = STUDENT[count - 2] ?? 1.96;
  return { mean, halfWidth: quantile * Math.sqrt(squares / (count - 1) / count) };
}

/** One row for each number of training bags. */
export function mnistBagsTable(rows: readonly MnistBagsRow[]): string {
  const header = ['training bags', 'seeds', 'test AUC', 'PyTorch', 'difference', 's/step', 'PyTorch'];
  const groups = [...Map.groupBy(rows, ({ trainingBags }) => trainingBags)];
  const cells = groups.map(([trainingBags, group]) => {
    const compared = group.flatMap(({ auc, pytorch }) => (pytorch === undefined ? [] : { auc, pytorch }));
    return [
      String(trainingBags),
      String(group.length),
      words(group.map(({ auc }) => auc)),
      words(compared.map(({ pytorch }) => pytorch.auc)),
      words(compared.map(({ auc, pytorch }) => auc - pytorch.auc)),
      estimate(group.map(({ secondsPerStep }) => secondsPerStep)).mean.toFixed(3),
      compared.length === 0
        ? ''
        : estimate(compared.map(({ pytorch }) => pytorch.secondsPerStep)).mean.toFixed(3),
    ];
  });
  return formatTable([header, ...cells]);
}

function words(values: readonly number[]): string {
  if (values.length === 0) return '';
  const { mean, halfWidth } = estimate(values);
  return Number.isNaN(halfWidth) ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${halfWidth.toFixed(3)}`;
}
