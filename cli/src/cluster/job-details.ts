/** One job, in full (pure): what `status JOB` shows, and the first part of `describe`. */
import {
  findCondition,
  type JobCondition,
  type RoleField,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import { barLine, formatBytes, formatMetric, formatRate } from '../progress/view.ts';
import { age } from './ages.ts';
import { isOver, phaseWithReason } from './job-table.ts';
import { formatFields, formatTable, indent } from './table.ts';
import type { StoredJob } from './wire.ts';

export interface DetailOptions {
  /** Width of the terminal, in characters. */
  readonly columns: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Field = readonly [label: string, text: string];

const ROLE_WORDS: readonly (readonly [RoleField, string])[] = [
  ['coordinator', 'coordinator'],
  ['parameterServers', 'servers'],
  ['workers', 'workers'],
];

export function jobDetails(job: StoredJob, options: DetailOptions): string {
  const status = job.status ?? {};
  const fields: Field[] = [
    ['Job', `${job.metadata.name} in namespace ${job.metadata.namespace ?? 'default'}`],
    ['Phase', phaseField(job, options.now)],
    ...troubleFields(status),
    ...progressFields(status, options.columns),
    ...phaseFields(status, options.columns),
    ['Replicas', replicas(job)],
    ...memoryFields(status),
    ['Restarts', `${status.restarts ?? 0} (limit ${job.spec.runPolicy.backoffLimit})`],
    ...resultFields(status),
  ];
  return `${formatFields(fields)}${conditionsTable(status, options.now)}${endsTable(status, options.now)}`;
}

function phaseField(job: StoredJob, now: number): string {
  const { status = {}, metadata } = job;
  const leaving = metadata.deletionTimestamp === undefined ? '' : ', is being deleted';
  const stale =
    status.observedGeneration !== undefined && status.observedGeneration !== metadata.generation
      ? ', the last change of the spec is not reconciled yet'
      : '';
  const doing = status.phase === 'Running' && status.message !== undefined ? `, ${status.message}` : '';
  return `${phaseWithReason(status)}${doing}${times(job, now)}${leaving}${stale}`;
}

/** What does not run in a run that goes on. */
function troubleFields({ conditions }: WsiTrainingJobStatus): Field[] {
  const degraded = findCondition(conditions, 'Degraded');
  return degraded?.status === 'True' ? [['Degraded', oneLine(degraded.message)]] : [];
}

function times(job: StoredJob, now: number): string {
  const { startTime, completionTime } = job.status ?? {};
  if (startTime === undefined) return `, created ${age(job.metadata.creationTimestamp, now)} ago`;
  if (!isOver(job) || completionTime === undefined) return `, started ${age(startTime, now)} ago`;
  return `, took ${age(startTime, Date.parse(completionTime))}, ended ${age(completionTime, now)} ago`;
}

function progressFields(status: WsiTrainingJobStatus, columns: number): Field[] {
  const rate = status.throughput?.tilesPerSecond ?? 0;
  const metrics = Object.entries(status.metrics ?? {}).map(
    ([name, value]) => `${name} ${formatMetric(value)}`,
  );
  return [
    ...(status.progress === undefined ? [] : [['Progress', barLine(status, columns - 12)] as const]),
    ...(rate > 0 ? [['Throughput', `${formatRate(rate)} tiles/s`] as const] : []),
    ...(metrics.length > 0 ? [['Metrics', wrapped(metrics, columns - 12)] as const] : []),
  ];
}

/** `61% backward  22% forward  9% barrierWait`: where the workers' time went, the bottleneck first. */
function phaseFields({ throughput }: WsiTrainingJobStatus, columns: number): Field[] {
  const window = throughput?.window ?? {};
  const { phaseSeconds = {}, bottleneck, workers = 0, seconds = 0, tilesPerSecond = 0 } = window;
  const total = Object.values(phaseSeconds).reduce((sum, of) => sum + of, 0);
  if (!(total > 0) || bottleneck === undefined) return [];
  const shares = Object.entries(phaseSeconds)
    .map(([phase, of]) => ({ phase, percent: Math.round((100 * of) / total) }))
    .filter(({ percent }) => percent > 0)
    .sort((a, b) => b.percent - a.percent)
    .map(({ phase, percent }) => `${percent}% ${phase}`);
  const over = `${formatRate(tilesPerSecond)} tiles/s by ${workers} workers over ${Math.round(seconds)} s`;
  return [
    ['Measured', `${over}; bottleneck: ${bottleneck}`],
    ['Phases', wrapped(shares, columns - 12)],
  ];
}

/** Words two spaces apart, in lines of at most `columns` characters. */
function wrapped(words: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 2 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last}  ${word}`;
  }
  return lines.join('\n');
}

function replicas({ status = {}, spec }: StoredJob): string {
  const desired = {
    coordinator: 1,
    parameterServers: spec.parameterServers.replicas,
    workers: spec.workers.replicas,
  };
  return ROLE_WORDS.map(([field, word]) => `${word} ${status[field]?.summary ?? `0/${desired[field]}`}`).join(
    ', ',
  );
}

function memoryFields({ memory }: WsiTrainingJobStatus): Field[] {
  const parts = ROLE_WORDS.flatMap(([field, word]) => {
    const bytes = memory?.[field] ?? 0;
    return bytes > 0 ? [`${word} ${formatBytes(bytes)}`] : [];
  });
  return parts.length === 0 ? [] : [['Memory', `${parts.join(', ')} (largest of a pod)`]];
}

function resultFields({ checkpoint, parametersSha256 }: WsiTrainingJobStatus): Field[] {
  const where = checkpoint?.path === undefined ? '' : ` in ${checkpoint.path}`;
  return [
    ...(checkpoint?.step === undefined
      ? []
      : [['Checkpoint', `after step ${checkpoint.step}${where}`] as const]),
    ...(parametersSha256 === undefined ? [] : [['Parameters', `sha256 ${parametersSha256}`] as const]),
  ];
}

function conditionsTable({ conditions = [] }: WsiTrainingJobStatus, now: number): string {
  if (conditions.length === 0) return '\nConditions\n  none: no operator has reconciled the job yet\n';
  const rows = conditions.map((condition: JobCondition) => [
    condition.type,
    condition.status,
    condition.reason,
    age(condition.lastTransitionTime, now),
    oneLine(condition.message),
  ]);
  return `\nConditions\n${indent(formatTable(['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], rows))}`;
}

function endsTable({ failures = [] }: WsiTrainingJobStatus, now: number): string {
  if (failures.length === 0) return '';
  const rows = [...failures]
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time))
    .map((end) => [end.pod, String(end.failures), end.reason, age(end.time, now), oneLine(end.message)]);
  return `\nPods that ended before their time\n${indent(formatTable(['POD', 'ENDS', 'REASON', 'LAST', 'MESSAGE'], rows))}`;
}

export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' | ');
}
