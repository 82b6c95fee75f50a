/** Gauges of the jobs, from their statuses. */
import { Gauge, type Registry } from 'prom-client';
import {
  findCondition,
  PHASES,
  ROLE_FIELDS,
  ROLES,
  type JobPhase,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';

export interface JobForMetrics {
  readonly namespace: string;
  readonly name: string;
  readonly status: WsiTrainingJobStatus;
}

const JOB_PHASES = Object.keys(PHASES) as readonly JobPhase[];

type Series = readonly [labels: Readonly<Record<string, string>>, value: number | undefined];

interface JobLabels extends Readonly<Record<string, string>> {
  readonly namespace: string;
  readonly job: string;
}

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (job: JobForMetrics, labels: JobLabels) => Iterable<Series>;
}

/** A worker's; others that a status may have get no series: a label must not have as many values as somebody sends. */
const WORKER_PHASES = [
  'open',
  'read',
  'decode',
  'queue',
  'forward',
  'backward',
  'push',
  'pull',
  'leaseWait',
  'barrierWait',
] as const;

type JobWindow = NonNullable<NonNullable<WsiTrainingJobStatus['throughput']>['window']>;

const isRunning = ({ status }: JobForMetrics): boolean => status.phase === 'Running';

const DEFINITIONS: readonly Definition[] = [
  {
    name: 'wsi_job_replicas',
    help: 'Pods of a job by role: as many as desired, and as many as run.',
    labels: ['namespace', 'job', 'role', 'state'],
    read: ({ status }, labels) =>
      ROLES.flatMap((role): Series[] => [
        [{ ...labels, role, state: 'desired' }, status[ROLE_FIELDS[role]]?.desired],
        [{ ...labels, role, state: 'ready' }, status[ROLE_FIELDS[role]]?.ready],
      ]),
  },
  {
    name: 'wsi_job_restarts',
    help: 'Pods that were started again after an end, by role.',
    labels: ['namespace', 'job', 'role'],
    read: ({ status }, labels) =>
      ROLES.map((role): Series => [{ ...labels, role }, status[ROLE_FIELDS[role]]?.restarts]),
  },
  {
    name: 'wsi_job_peak_memory_bytes',
    help: 'The most memory that a process of the role has used.',
    labels: ['namespace', 'job', 'role'],
    read: ({ status }, labels) =>
      ROLES.map((role): Series => [{ ...labels, role }, status.memory?.[ROLE_FIELDS[role]]]),
  },
  {
    name: 'wsi_job_memory_bytes',
    help: 'Resident memory of the largest process of the role now, of a job that runs.',
    labels: ['namespace', 'job', 'role'],
    read: (job, labels) =>
      ROLES.map((role): Series => [
        { ...labels, role },
        isRunning(job) ? job.status.memory?.current?.[ROLE_FIELDS[role]] : undefined,
      ]),
  },
  {
    name: 'wsi_job_device_peak_memory_bytes',
    help: 'The most memory of its device that a worker has used.',
    labels: ['namespace', 'job'],
    read: ({ status }, labels) => [[labels, status.memory?.device]],
  },
  {
    name: 'wsi_job_phase_seconds_per_tile',
    help: "Workers' time for a tile by phase, over the newest window, of a job that runs.",
    labels: ['namespace', 'job', 'phase'],
    read: (job, labels) =>
      WORKER_PHASES.map((phase): Series => [
        { ...labels, phase },
        perUnit(job, ({ phaseSeconds, tiles }) => [phaseSeconds?.[phase], tiles]),
      ]),
  },
  {
    name: 'wsi_job_window_tiles_per_second',
    help: 'Tiles a second over the newest window: whole steps with the same pods; of a job that runs.',
    labels: ['namespace', 'job'],
    read: (job, labels) => [[labels, windowOf(job)?.tilesPerSecond]],
  },
  {
    name: 'wsi_job_parameter_bytes_per_second',
    help: 'What all workers send to parameter servers and receive from them, over the newest window, of a job that runs.',
    labels: ['namespace', 'job', 'direction'],
    read: (job, labels) => [
      [{ ...labels, direction: 'sent' }, perUnit(job, ({ bytesSent, seconds }) => [bytesSent, seconds])],
      [
        { ...labels, direction: 'received' },
        perUnit(job, ({ bytesReceived, seconds }) => [bytesReceived, seconds]),
      ],
    ],
  },
  {
    name: 'wsi_job_failed',
    help: '1 for a job that has failed, with the reason; 0 for every other.',
    labels: ['namespace', 'job', 'reason'],
    read: ({ status }, labels) => {
      const reason = findCondition(status.conditions, 'Failed')?.reason ?? '';
      const failed = status.phase === 'Failed';
      return [[{ ...labels, reason: failed ? reason : '' }, failed ? 1 : 0]];
    },
  },
  {
    name: 'wsi_job_progress_ratio',
    help: 'Steps done, 0 to 1.',
    labels: ['namespace', 'job'],
    read: ({ status }, labels) => [[labels, status.progress?.fraction]],
  },
  {
    name: 'wsi_job_tiles_per_second',
    help: 'Tiles computed a second, of a job that runs.',
    labels: ['namespace', 'job'],
    read: (job, labels) => [[labels, isRunning(job) ? job.status.throughput?.tilesPerSecond : undefined]],
  },
  {
    name: 'wsi_job_eta_seconds',
    help: 'Expected time to the end, of a job that runs.',
    labels: ['namespace', 'job'],
    read: (job, labels) => [[labels, isRunning(job) ? job.status.progress?.etaSeconds : undefined]],
  },
];

function windowOf(job: JobForMetrics): JobWindow | undefined {
  return isRunning(job) ? job.status.throughput?.window : undefined;
}

/** One number of the window by another; undefined where there is none. */
function perUnit(
  job: JobForMetrics,
  valuesOf: (window: JobWindow) => readonly [number | undefined, number | undefined],
): number | undefined {
  const [value, unit = 0] = valuesOf(windowOf(job) ?? {});
  return value === undefined || !(unit > 0) ? undefined : value / unit;
}

const AUTOSCALING: readonly Definition[] = [
  {
    name: 'wsi_job_predicted_tiles_per_second',
    help: 'Tiles a second that the performance model says of the present size, and its 90% interval.',
    labels: ['namespace', 'job', 'bound'],
    read: (job, labels) => {
      const { tilesPerSecond, low, high } =
        (isRunning(job) ? job.status.autoscaling?.predicted : undefined) ?? {};
      return [
        [{ ...labels, bound: 'expected' }, tilesPerSecond],
        [{ ...labels, bound: 'low' }, low],
        [{ ...labels, bound: 'high' }, high],
      ];
    },
  },
  {
    name: 'wsi_job_efficiency_ratio',
    help: 'Predicted gain of the last worker, relative to what the first one brings.',
    labels: ['namespace', 'job'],
    read: (job, labels) => [
      [labels, isRunning(job) ? job.status.autoscaling?.predicted?.efficiency : undefined],
    ],
  },
  {
    name: 'wsi_job_size_changes',
    help: 'How often the autoscaler has changed the number of workers or servers.',
    labels: ['namespace', 'job'],
    read: ({ status }, labels) => [[labels, status.autoscaling?.changes]],
  },
];

/** Registers the gauges; the jobs are read at each collection. */
export function collectJobs(registry: Registry, jobs: () => Iterable<JobForMetrics>): void {
  const registers = [registry];
  new Gauge({
    name: 'wsi_operator_jobs',
    help: 'Jobs by phase.',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset();
      for (const phase of JOB_PHASES) this.set({ phase }, 0);
      for (const { status } of jobs()) this.inc({ phase: status.phase ?? 'Pending' });
    },
  });
  for (const { name, help, labels, read } of [...DEFINITIONS, ...AUTOSCALING]) {
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers,
      collect() {
        this.reset();
        for (const job of jobs()) {
          for (const [values, value] of read(job, { namespace: job.namespace, job: job.name })) {
            // One status that is not as it should be must not cost all metrics.
            if (typeof value === 'number') this.set({ ...values }, value);
          }
        }
      },
    });
  }
}
