/** All jobs of a namespace, one line each (pure). */
import {
  findCondition,
  isTrue,
  phaseOf,
  type ConditionReason,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import { bar, epochOf, formatBytes, formatRate } from '../progress/view.ts';
import { shortAge } from './ages.ts';
import { formatTable } from './table.ts';
import type { StoredJob } from './wire.ts';

export interface JobTableOptions {
  /** More columns. */
  readonly wide: boolean;
  /** With a column for the namespace. */
  readonly allNamespaces: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Column {
  readonly header: string;
  readonly cell: (job: StoredJob, now: number) => string;
  readonly wide?: true;
}

const BAR_WIDTH = 12;

const COLUMNS: readonly Column[] = [
  { header: 'NAME', cell: ({ metadata }) => metadata.name },
  { header: 'PHASE', cell: ({ status }) => phaseWithReason(status ?? {}) },
  { header: 'PROGRESS', cell: ({ status }) => progressCell(status ?? {}) },
  { header: 'ETA', cell: (job) => (isOver(job) ? '-' : (job.status?.progress?.eta ?? '-')) },
  { header: 'WORKERS', cell: ({ status }) => status?.workers?.summary ?? '-' },
  { header: 'TILES/S', cell: ({ status }) => rateCell(status ?? {}) },
  { header: 'EPOCH', cell: ({ status }) => epochCell(status ?? {}), wide: true },
  { header: 'SERVERS', cell: ({ status }) => status?.parameterServers?.summary ?? '-', wide: true },
  { header: 'WORKER MEMORY', cell: ({ status }) => memoryCell(status ?? {}), wide: true },
  { header: 'RESTARTS', cell: ({ status }) => String(status?.restarts ?? 0), wide: true },
  { header: 'PARAMETERS', cell: ({ status }) => status?.parametersSha256?.slice(0, 12) ?? '-', wide: true },
  { header: 'AGE', cell: ({ metadata }, now) => shortAge(metadata.creationTimestamp, now) },
];

const NAMESPACE: Column = { header: 'NAMESPACE', cell: ({ metadata }) => metadata.namespace ?? '-' };

export function jobTable(jobs: readonly StoredJob[], options: JobTableOptions): string {
  const own = COLUMNS.filter((column) => options.wide || column.wide !== true);
  const columns = options.allNamespaces ? [NAMESPACE, ...own] : own;
  const rows = [...jobs]
    .sort((one, other) => compareNames(one, other))
    .map((job) => columns.map((column) => column.cell(job, options.now)));
  return formatTable(
    columns.map(({ header }) => header),
    rows,
  );
}

function compareNames(one: StoredJob, other: StoredJob): number {
  const [first, second] = [one, other].map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  return first! < second! ? -1 : first! > second! ? 1 : 0;
}

/** Reasons that the phase says already. */
const PLAIN: readonly ConditionReason[] = [
  'JobCreated',
  'PodsStarting',
  'PodsReady',
  'JobFinished',
  'JobSuspended',
];

/** `Running`, `Starting (PodsUnschedulable)`, `Failed (InputInvalid)`, `Terminating`: what one must know first. */
export function phaseWithReason(status: WsiTrainingJobStatus): string {
  const phase = status.phase ?? phaseOf(status.conditions);
  const reason = reasonOf(status, phase);
  return reason === undefined || PLAIN.some((plain) => plain === reason) ? phase : `${phase} (${reason})`;
}

/** Why the job is in its phase, from the condition that explains it. */
function reasonOf(status: WsiTrainingJobStatus, phase: string): string | undefined {
  switch (phase) {
    case 'Failed':
      return findCondition(status.conditions, 'Failed')?.reason;
    case 'Pending':
    case 'Starting':
      return findCondition(status.conditions, 'Running')?.reason;
    case 'Running':
      return isTrue(status.conditions, 'Degraded')
        ? findCondition(status.conditions, 'Degraded')?.reason
        : undefined;
    default:
      return undefined;
  }
}

/** Succeeded or failed: nothing more will happen. */
export function isOver(job: StoredJob): boolean {
  const phase = job.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

function progressCell({ progress }: WsiTrainingJobStatus): string {
  if (progress?.fraction === undefined) return '-';
  const { fraction, step, steps } = progress;
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const counts = step === undefined || steps === undefined ? '' : ` ${step}/${steps}`;
  return `[${bar(fraction, BAR_WIDTH)}]${percent}${counts}`;
}

function rateCell({ throughput, phase }: WsiTrainingJobStatus): string {
  const rate = throughput?.tilesPerSecond ?? 0;
  return phase === 'Running' && rate > 0 ? formatRate(rate) : '-';
}

function epochCell({ progress }: WsiTrainingJobStatus): string {
  const { epoch, epochs } = progress ?? {};
  return epoch === undefined || epochs === undefined ? '-' : epochOf(epoch, epochs);
}

function memoryCell({ memory }: WsiTrainingJobStatus): string {
  const bytes = memory?.workers ?? 0;
  return bytes > 0 ? formatBytes(bytes) : '-';
}
