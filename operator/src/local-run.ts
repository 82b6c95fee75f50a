/**
 * A job from start to end on this machine: the same reconciler as on a cluster, over {@link LocalCluster}. It returns
 * when the job has ended or is suspended and no process of it is left.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCondition, isTrue, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi-operator/api';
import {
  createLogger,
  systemClock,
  systemErrorCode,
  WsiError,
  type Clock,
  type Logger,
} from '@wsi-operator/foundation';
import { LocalCluster } from './cluster/local/local-cluster.ts';
import { assignGpus } from './cluster/local/gpu-assignment.ts';
import { makeOutputDirectory } from './cluster/local/output-directory.ts';
import { mergeRestarts, isOfFewerEpochs, readResult, type RunResult } from './cluster/local/result-file.ts';
import { claimOutput, setAside } from './cluster/local/run-identity.ts';
import { jobToRun, restartsByRole } from './cluster/local/continued-job.ts';
import { ModelStore } from './cluster/local/model-store.ts';
import { localJob } from './local-job.ts';
import { LOCAL_SETTINGS } from './job/settings.ts';
import type { ProgressSource } from './progress/progress-source.ts';
import { Reconciler } from './loop/reconciler.ts';
import type { PlanEvent } from './job/actions.ts';
import { endOf } from './plan/exit-class.ts';
import { slotOf } from './job/names.ts';
import { CoordinatorProgress } from './progress/coordinator-progress.ts';

export interface LocalRunOptions {
  /** Validated, with defaults, its paths absolute. */
  readonly job: WsiTrainingJob;
  readonly output: string;
  /** Aborted: stop with a checkpoint (the job is suspended). */
  readonly signal?: AbortSignal;
  /** Aborted: end every process now, without a checkpoint. */
  readonly killSignal?: AbortSignal;
  /** Set aside what an earlier run has left in the directory and start over. */
  readonly forceNew?: boolean;
  readonly onStatus?: (status: WsiTrainingJobStatus) => void;
  readonly onEvents?: (events: readonly PlanEvent[]) => void;
  /** Called, before anything starts, with what the user should know of the machine. */
  readonly onNotice?: (notice: string) => void;
  /** Called with the cluster before anything starts: fault tests find the processes there. */
  readonly onCluster?: (cluster: LocalCluster) => void;
  /** Command line that is followed by the role; by default this Node and the trainer of this repository. */
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly progress?: ProgressSource;
  /** Where models of earlier runs are kept; without it none are. */
  readonly modelDirectory?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/**
 * - `succeeded`: also when the directory held a finished run of this job already (`alreadyFinished`);
 * - `failed`: the Failed condition's reason and message say why;
 * - `suspended`: stopped on request; `stopProblem` tells when the coordinator did not end as asked;
 * - `killed`: by `killSignal`.
 */
export interface LocalRunResult {
  readonly outcome: 'succeeded' | 'failed' | 'suspended' | 'killed';
  readonly status: WsiTrainingJobStatus;
  readonly result?: RunResult;
  readonly alreadyFinished?: boolean;
  readonly reason?: string;
  readonly message?: string;
  readonly stopProblem?: string;
  /** Where an earlier run was moved by `forceNew`. */
  readonly setAside?: string;
}

/** @throws WsiError when the directory is in use, belongs to another job or cannot be written, or GPUs that are asked for do not work */
export async function runLocalJob(given: LocalRunOptions): Promise<LocalRunResult> {
  const options = { ...given, job: localJob(given.job).job };
  const output = resolve(options.output);
  makeOutputDirectory(output);
  const logger =
    options.logger ??
    createLogger(
      { job: options.job.metadata.name, role: 'operator' },
      // The run is the user's own.
      { details: 'shown' },
    );
  const gpus = await assignGpus(options);
  const watchers = new EndWatch(options);
  const models = options.modelDirectory === undefined ? undefined : new ModelStore(options.modelDirectory);
  const cluster = new LocalCluster({
    job: options.job,
    output,
    logger,
    entrypoint: options.entrypoint ?? trainerEntrypoint(),
    gpus,
    progress: options.progress ?? new CoordinatorProgress(),
    clock: options.clock ?? systemClock,
    ...(models === undefined ? {} : { models }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(options.onEvents === undefined ? {} : { onEvents: options.onEvents }),
    onStatus: (status) => watchers.onStatus(status),
    onLost: () => watchers.onLost(),
    onPodEnd: (pod) => watchers.onPodEnd(pod),
  });
  try {
    // Only under the lock: another run may be using the directory.
    const moved = options.forceNew === true ? await setAside(output) : undefined;
    await claimOutput(output, options.job);
    const finished = await finishedBefore(output, options.job);
    if (finished !== undefined) return { outcome: 'succeeded', alreadyFinished: true, ...finished };
    cluster.begin(jobToRun(options.job, await readStatus(output)));
    watchers.cluster = cluster;
    options.onCluster?.(cluster);
    await runUntilEnd(cluster, watchers, options, logger);
    if (watchers.lost) throw outputLost(output);
    await keepModel(models, cluster.job, logger);
    const result = await describeEnd(output, cluster, watchers);
    return moved === undefined ? result : { ...result, setAside: moved };
  } finally {
    await cluster.close();
  }
}

/** It only saves the next run some trials. */
async function keepModel(
  models: ModelStore | undefined,
  job: WsiTrainingJob | undefined,
  logger: Logger,
): Promise<void> {
  if (models === undefined || job === undefined) return;
  await models.keep(job).catch((error: unknown) => logger.warn({ error }, 'model not kept'));
}

/** This Node and the trainer of this repository. */
export function trainerEntrypoint(): string[] {
  return [process.execPath, fileURLToPath(new URL('../../trainer/src/main.ts', import.meta.url))];
}

async function runUntilEnd(
  cluster: LocalCluster,
  watchers: EndWatch,
  options: LocalRunOptions,
  logger: Logger,
): Promise<void> {
  const suspend = (): void => cluster.edit((spec) => ({ ...spec, suspend: true }));
  const loop = new AbortController();
  const end = (): void => loop.abort();
  watchers.onEnd = end;
  options.killSignal?.addEventListener('abort', end);
  options.signal?.addEventListener('abort', suspend);
  if (options.signal?.aborted === true) suspend();
  if (options.killSignal?.aborted === true) end();
  try {
    const clock = options.clock ?? systemClock;
    await new Reconciler({ cluster, clock, logger, settings: LOCAL_SETTINGS }).run(loop.signal);
  } finally {
    options.killSignal?.removeEventListener('abort', end);
    options.signal?.removeEventListener('abort', suspend);
  }
}

/** Notices the end of the run in what the cluster reports. */
class EndWatch {
  cluster: LocalCluster | undefined;
  onEnd: () => void = () => undefined;
  ended = false;
  lost = false;
  /** How the coordinator ended when it was asked to stop. */
  stopEnd: ReturnType<typeof endOf> | undefined;
  readonly #options: LocalRunOptions;

  constructor(options: LocalRunOptions) {
    this.#options = options;
  }

  onStatus(status: WsiTrainingJobStatus): void {
    this.#options.onStatus?.(status);
    const over =
      isTrue(status.conditions, 'Succeeded') ||
      isTrue(status.conditions, 'Failed') ||
      isTrue(status.conditions, 'Suspended');
    const roles = [status.coordinator, status.parameterServers, status.workers];
    const empty = roles.every((role) => (role?.replicas ?? 0) === 0);
    if (over && empty && this.cluster?.hasLiveProcesses === false) {
      this.ended = true;
      this.onEnd();
    }
  }

  onLost(): void {
    this.lost = true;
    this.onEnd();
  }

  onPodEnd(pod: Parameters<typeof endOf>[0]): void {
    const asked = pod.metadata?.deletionTimestamp !== undefined;
    if (asked && slotOf(pod)?.role === 'coordinator') this.stopEnd = endOf(pod);
  }
}

/** Without this the roles would make the directory again, perhaps below an unmounted disk. */
function outputLost(output: string): WsiError {
  return new WsiError('StorageFailed', 'the output directory was removed during the run', {
    where: output,
    remedy: 'Restore or mount it and run again: the run goes on from its last checkpoint there.',
  });
}

async function describeEnd(
  output: string,
  cluster: LocalCluster,
  watchers: EndWatch,
): Promise<LocalRunResult> {
  const status = cluster.job?.status ?? {};
  if (!watchers.ended) return { outcome: 'killed', status };
  const failed = findCondition(status.conditions, 'Failed');
  if (failed?.status === 'True') {
    return { outcome: 'failed', status, reason: failed.reason, message: failed.message };
  }
  const { stopEnd } = watchers;
  // It may have finished at the very moment at which it was asked to stop.
  if (isTrue(status.conditions, 'Suspended') && stopEnd?.exitClass !== 'completed') {
    const orderly = stopEnd === undefined || stopEnd.exitClass === 'stopped';
    return {
      outcome: 'suspended',
      status,
      ...(orderly ? {} : { stopProblem: `the coordinator ${stopEnd.message}` }),
    };
  }
  const result = await mergeRestarts(output, restartsByRole(status));
  return { outcome: 'succeeded', status, ...(result === undefined ? {} : { result }) };
}

/** The result of a run that is complete; one of fewer epochs than the job has now is not. */
async function finishedBefore(
  output: string,
  { spec }: WsiTrainingJob,
): Promise<{ readonly status: WsiTrainingJobStatus; readonly result: RunResult } | undefined> {
  const result = await readResult(output);
  if (result === undefined || isOfFewerEpochs(result, spec.training.epochs)) return undefined;
  return { result, status: (await readStatus(output)) ?? {} };
}

async function readStatus(output: string): Promise<WsiTrainingJobStatus | undefined> {
  try {
    return JSON.parse(await readFile(join(output, 'status.json'), 'utf8')) as WsiTrainingJobStatus;
  } catch (error) {
    // It only carries counts over from one run to the next; a torn one is not worth a failure.
    return systemErrorCode(error) === 'ENOENT' ? undefined : {};
  }
}
