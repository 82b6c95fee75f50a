/** The rows of the model's error as a table, with a line that sums up the held-out ones. */
import type { ModelErrorRow } from './model-error.ts';
import { formatTable } from './table.ts';

export function modelTable(rows: readonly ModelErrorRow[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const header = [
    'pixels/batch/workers',
    '',
    'tiles/s',
    'predicted',
    'error',
    'slowest/fastest',
    'CPU ms/tile',
    'predicted',
    'error',
    'peak MB',
    'predicted',
    'error',
  ];
  const cells = rows.map((row) => [
    `${row.patchSize}/${row.batch}/${row.workers}`,
    row.use,
    row.measuredTilesPerSecond.toFixed(0),
    row.predictedTilesPerSecond.toFixed(0),
    percent(row.throughputError),
    percent(row.steadiness),
    (1000 * row.measuredProcessorSeconds).toFixed(2),
    (1000 * row.predictedProcessorSeconds).toFixed(2),
    percent(row.processorError),
    (row.measuredPeakBytes / 1e6).toFixed(0),
    (row.predictedPeakBytes / 1e6).toFixed(0),
    percent(row.memoryError),
  ]);
  const held = rows.filter(({ use }) => use === 'held out');
  const errors = (of: (row: ModelErrorRow) => number): string => {
    const sizes = held.map((row) => Math.abs(of(row)));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    return `mean ${percent(mean)}, largest ${percent(Math.max(0, ...sizes))}`;
  };
  const throughput = errors(({ throughputError }) => throughputError);
  const memory = errors(({ memoryError }) => memoryError);
  const processor = errors(({ processorError }) => processorError);
  const summary = `Held out: throughput ${throughput}; processor time ${processor}; peak memory ${memory}`;
  return `\n${formatTable([header, ...cells])}\n${summary}\n`;
}
