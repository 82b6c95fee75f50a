/** Gauges of the jobs, from their statuses. */
import { Gauge, type Registry } from 'prom-client';
import type { JobPhase, RoleField, WsiTrainingJobStatus } from '@wsi/api';

export interface JobForMetrics {
  readonly namespace: string;
  readonly name: string;
  readonly status: WsiTrainingJobStatus;
}

const PHASES: readonly JobPhase[] = ['Pending', 'Starting', 'Running', 'Suspended', 'Succeeded', 'Failed'];

/** By the field of the status, the label that the pods have. */
const ROLES: readonly (readonly [RoleField, string])[] = [
  ['coordinator', 'coordinator'],
  ['parameterServers', 'server'],
  ['workers', 'worker'],
];

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

const isRunning = ({ status }: JobForMetrics): boolean => status.phase === 'Running';

const DEFINITIONS: readonly Definition[] = [
  {
    name: 'wsi_job_replicas',
    help: 'Pods of a job by role: as many as desired, and as many as run.',
    labels: ['namespace', 'job', 'role', 'state'],
    read: ({ status }, labels) =>
      ROLES.flatMap(([field, role]): Series[] => [
        [{ ...labels, role, state: 'desired' }, status[field]?.desired],
        [{ ...labels, role, state: 'ready' }, status[field]?.ready],
      ]),
  },
  {
    name: 'wsi_job_restarts',
    help: 'Pods that were started again after an end, by role.',
    labels: ['namespace', 'job', 'role'],
    read: ({ status }, labels) =>
      ROLES.map(([field, role]): Series => [{ ...labels, role }, status[field]?.restarts]),
  },
  {
    name: 'wsi_job_peak_memory_bytes',
    help: 'The most memory that a process of the role has used.',
    labels: ['namespace', 'job', 'role'],
    read: ({ status }, labels) =>
      ROLES.map(([field, role]): Series => [{ ...labels, role }, status.memory?.[field]]),
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
      for (const phase of PHASES) this.set({ phase }, 0);
      for (const { status } of jobs()) this.inc({ phase: status.phase ?? 'Pending' });
    },
  });
  for (const { name, help, labels, read } of DEFINITIONS) {
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
