/** A job's status as lines of text (pure). */
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { withoutReasons } from './left-out.ts';

const BLOCKS = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** `[████▌     ]  45%  step 18/40  epoch 2/4  ETA 1m 20s`, at most `columns` wide. */
export function barLine(status: WsiTrainingJobStatus, columns: number): string {
  const { step = 0, steps = 0, epoch = 0, epochs = 0, fraction = 0 } = status.progress ?? {};
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const counts = steps === 0 ? '' : `  step ${step}/${steps}  epoch ${epochOf(epoch, epochs)}`;
  const left = timeLeft(status);
  const rest = `${percent}${counts}${left === undefined ? '' : `  ETA ${left}`}`;
  const width = Math.max(8, Math.min(40, columns - rest.length - 5));
  return `[${bar(fraction, width)}] ${rest}`.slice(0, columns);
}

/** `1,234/98,000 tiles of the step`, once some are done; of the survey the slides. */
function withinStep(status: WsiTrainingJobStatus): string[] {
  const { stepTiles = 0, stepTilesDone = 0, slides = 0, surveyedSlides = 0 } = status.progress ?? {};
  if (surveyedSlides < slides) return [`slides ${formatCount(surveyedSlides)}/${formatCount(slides)}`];
  if (stepTiles === 0 || stepTilesDone === 0) return [];
  return [`tiles ${formatCount(stepTilesDone)}/${formatCount(stepTiles)} of the step`];
}

/** `98,000` */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `training  53 tiles/s  loss 0.412  workers 2/2  worker 1.2 GB` */
export function detailLine(status: WsiTrainingJobStatus, columns: number): string {
  return details(status).join('  ').slice(0, columns);
}

/** One line for a log: `step 18/40 (45%), epoch 2/4, 53 tiles/s, loss 0.412, workers 2/2, ETA 1m 20s` */
export function plainLine(status: WsiTrainingJobStatus): string {
  const { step = 0, steps = 0, epoch = 0, epochs = 0, fraction = 0 } = status.progress ?? {};
  const left = timeLeft(status);
  const counts =
    steps === 0
      ? []
      : [`step ${step}/${steps} (${Math.floor(fraction * 100)}%)`, `epoch ${epochOf(epoch, epochs)}`];
  return [...counts, ...details(status), ...(left === undefined ? [] : [`ETA ${left}`])].join(', ');
}

/** The first steps are slower than the others, so no time left is shown before some are done. */
function timeLeft(status: WsiTrainingJobStatus): string | undefined {
  const { eta, stepTilesDone = 0 } = status.progress ?? {};
  // A notice that lasts stands in place of the word.
  const isTraining = stepTilesDone > 0 || /^training\b/.test(status.message ?? '');
  const isEstimated = isRunning(status) && isTraining;
  return eta ?? (isEstimated ? 'estimating' : undefined);
}

/** What the run is doing, in a word or two; stays the same while nothing but numbers change. */
export function activity(status: WsiTrainingJobStatus): string {
  return doing(status).replace(/ \d+%$/, '');
}

function details(status: WsiTrainingJobStatus): string[] {
  const rate = status.throughput?.tilesPerSecond ?? 0;
  const memory = status.memory?.workers ?? 0;
  const restarts = status.restarts ?? 0;
  const metrics = mostTelling(status.metrics ?? {});
  return [
    doing(status),
    ...(isRunning(status) ? withinStep(status) : []),
    ...(rate > 0 ? [`${formatRate(rate)} tiles/s`] : []),
    ...metrics.map(([name, value]) => `${name} ${formatMetric(value)}`),
    `workers ${status.workers?.summary ?? '0/0'}`,
    ...(memory > 0 ? [`worker memory ${formatBytes(memory)}`] : []),
    ...(restarts > 0 ? [`restarts ${restarts}`] : []),
  ];
}

/** Three metrics: of the test patients if there are any, then of the validation's, then the others. */
export function mostTelling(metrics: Readonly<Record<string, number>>): [string, number][] {
  const rank = ([name]: [string, number]): number =>
    name.startsWith('test.') ? 0 : name.startsWith('validation.') ? 1 : 2;
  return Object.entries(metrics)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, 3);
}

function isRunning({ phase }: WsiTrainingJobStatus): boolean {
  return phase === 'Running';
}

/** The coordinator's word while the job runs, the operator's otherwise. */
function doing(status: WsiTrainingJobStatus): string {
  if (isRunning(status)) return withoutReasons(status.message ?? 'starting');
  return (status.phase ?? 'Pending').toLowerCase();
}

/** Epochs are counted from 0 and shown from 1. */
export function epochOf(epoch: number, epochs: number): string {
  return `${Math.min(epoch + 1, epochs)}/${epochs}`;
}

export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const part = full === width ? '' : (BLOCKS[eighths % 8] ?? '');
  return ('█'.repeat(full) + part).padEnd(width);
}

/** Tiles a second, without digits that say nothing. */
export function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}

export function formatMetric(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 10_000) ? value.toExponential(2) : value.toFixed(3);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
