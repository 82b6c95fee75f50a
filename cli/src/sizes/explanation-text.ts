/** An explanation as text for people (pure). */
import { formatDuration } from '@wsi-operator/api';
import { predictMemory, type ExplainedSize, type PerformanceModel } from '@wsi-operator/autoscaler';
import { count } from '@wsi-operator/statistics';
import { formatFields, formatTable, indent } from '../cluster/table.ts';
import { formatBytes, formatRate } from '../progress/view.ts';
import type { Explanation } from './explanation.ts';

export function explanationText(explained: Explanation): string {
  return [
    head(explained),
    modelText(explained),
    memoryText(explained),
    decisionText(explained),
    sizesText(explained),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function head(explained: Explanation): string {
  const { workers, servers, autoscaled, predicted, advisedServers } = explained;
  const best =
    advisedServers === undefined || advisedServers === servers ? '' : ` (${advisedServers} would be best)`;
  const rate =
    predicted === undefined
      ? []
      : [
          [
            'Predicted',
            `${formatRate(predicted.tilesPerSecond)} tiles/s (${formatRate(predicted.low)} to ${formatRate(predicted.high)}), efficiency ${predicted.efficiency.toFixed(2)}`,
          ] as const,
        ];
  return formatFields([
    ['Job', `${explained.job}, ${autoscaled ? 'autoscaled' : 'of a fixed size'}`],
    ['Shape', explained.shape],
    ['Size', `${count(workers, 'worker')}, ${count(servers, 'server')}${best}`],
    ...rate,
    ['Holds for', explained.holdsFor],
    ...(explained.reason === undefined ? [] : [['Because', explained.reason] as const]),
    ...explained.advice.map((text) => ['Advice', text] as const),
  ]);
}

function modelText({ model, coefficients, warmStart }: Explanation): string {
  const { workload, observed, noise, parallelism } = model.throughput;
  const sizes = observed.map(({ workers, servers }) => `${workers}/${servers}`).join(', ');
  const rows = coefficients.map(({ name, value, deviation, unit, is }) => [
    name,
    `${number(value)} ± ${number(deviation)} ${unit}`,
    is,
  ]);
  const c =
    parallelism === null ? '' : `; at most c = ${parallelism} workers compute without slowing each other`;
  return [
    'Model: seconds a step with w workers and p servers\n',
    '  T(w, p) = θ0 + θ1 N(w) + θ2 P w / p + θ3 w + θ4 p\n',
    `  N(w): tiles of the busiest worker, of ${number(workload.tilesPerStep)} in ${workload.blocksPerStep} blocks a step${c}\n`,
    `  P = ${formatBytes(workload.parameterBytes)} of parameters\n`,
    indent(formatTable(['', '', ''], rows)).replace(/^\s*\n/, ''),
    `  fitted to ${sizes === '' ? 'no size of its own' : `${sizes} (workers/servers)`}${warmStart === undefined ? '' : `, begun with the model of ${warmStart}`}; a step's time varies by ${(100 * noise).toFixed(1)}%\n`,
    phasesText(model),
  ].join('');
}

function phasesText({ tileCost, shape }: PerformanceModel): string {
  const costs = Object.entries(tileCost).flatMap(([phase, cost]) => {
    if (cost === undefined) return [];
    const seconds = cost.perPixel * shape.patchSize ** 2 + cost.perTile + cost.perBatch / shape.batch;
    return seconds > 0 ? [`${phase} ${number(1000 * seconds)}`] : [];
  });
  return costs.length === 0 ? '' : `  milliseconds of a worker a tile: ${costs.join(', ')}\n`;
}

function memoryText({ model }: Explanation): string {
  const { parameterBytes, patchSize, batch } = model.throughput.workload;
  const rows = Object.entries(model.memory).flatMap(([role, memory]) => {
    if (memory === undefined) return [];
    const { peakBytes, high } = predictMemory(memory, { patchSize, batch, parameterBytes, cacheBytes: 0 });
    return [[role, formatBytes(peakBytes), formatBytes(high)]];
  });
  if (rows.length === 0) return '';
  return `Peak memory without the cache of tiles\n${indent(formatTable(['ROLE', 'PEAK', 'AT MOST (95%)'], rows))}`;
}

function decisionText({ decisions }: Explanation): string {
  if (decisions.length === 0) return '';
  const rows = decisions.map(({ time, reason }) => [time.slice(0, 19).replace('T', ' '), reason]);
  return `Changes\n${indent(formatTable(['TIME', 'REASON'], rows))}`;
}

function sizesText({ sizes, workers, servers }: Explanation): string {
  const rows = sizes.map((size) => [
    `${size.workers}${size.workers === workers && size.servers === servers ? ' *' : ''}`,
    String(size.servers),
    formatRate(size.tilesPerSecond),
    `${formatRate(size.low)} to ${formatRate(size.high)}`,
    size.efficiency.toFixed(2),
    size.marginal.toFixed(2),
    `${size.bottleneck} ${Math.round(100 * size.bottleneckShare)}%`,
    number(size.costPerMillionTiles),
    left(size),
    size.measured ? 'yes' : 'no',
  ]);
  const headers = ['WORKERS', 'SERVERS', 'TILES/S', '90%', 'EFFICIENCY', 'LAST ADDS', 'MOST OF A STEP'];
  return `Sizes (* now; LAST ADDS is what the floor is compared with)\n${indent(
    formatTable([...headers, 'COST/M TILES', 'LEFT', 'MEASURED'], rows),
  )}`;
}

function left({ remainingSeconds }: ExplainedSize): string {
  return remainingSeconds === undefined ? '-' : formatDuration(remainingSeconds);
}

/** Three digits. */
function number(value: number): string {
  if (value === 0) return '0';
  return value >= 0.001 && value < 1e6 ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}
