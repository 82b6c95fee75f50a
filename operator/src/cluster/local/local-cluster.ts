/**
 * The cluster on this machine: a pod is a child process, a volume a directory, a ConfigMap a file, a host name a Unix
 * socket. It holds one job. `close` leaves nothing behind: no process, no socket, no directory but the output.
 */
/* eslint-disable max-lines -- the whole life of the processes, sockets and directories of one job */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject, V1ConfigMap, V1Pod } from '../../kubernetes-types.ts';
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import { systemClock, writeFileAtomically, type Clock, type Logger } from '@wsi-operator/foundation';
import type { Action, PlanEvent } from '../../job/actions.ts';
import { checkpointLeft } from '../../plan/finish.ts';
import { jobName, jobNamespace, podName, slotOf, type Role } from '../../job/names.ts';
import { JobListeners } from '../job-listeners.ts';
import { PodTimes } from '../pod-times.ts';
import type { Cluster, JobKey, ObservedJob } from '../port.ts';
import type { ProgressSource } from '../../progress/progress-source.ts';
import type { TrainingProgress } from '../../plan/training-progress.ts';
import { readResult } from './result-file.ts';
import { believedResult, finalProgress } from '../../plan/last-word.ts';
import { configMapDirectory, launchOf, socketAddress, type LaunchContext } from './launch.ts';
import type { GpuAssignment } from './gpu-assignment.ts';
import { lockOutput, type OutputLock } from './lock.ts';
import { LogFile } from './log-file.ts';
import type { ModelStore } from './model-store.ts';
import { PodProcess } from './pod-process.ts';
import { makePrivateDirectory } from './private-directory.ts';

export interface LocalClusterOptions {
  readonly job: WsiTrainingJob;
  /** Absolute path; made when it is missing. */
  readonly output: string;
  /** Command line that is followed by the role, e.g. Node and the trainer's main module. */
  readonly entrypoint: readonly string[];
  readonly logger: Logger;
  readonly progress?: ProgressSource;
  /** Of earlier runs. */
  readonly models?: ModelStore;
  readonly clock?: Clock;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Of a run that computes on GPUs. */
  readonly gpus?: GpuAssignment | undefined;
  /** Called after each status write. */
  readonly onStatus?: (status: WsiTrainingJobStatus) => void;
  /** Called when a pod's process has ended, for whatever reason. */
  readonly onPodEnd?: (pod: V1Pod) => void;
  /** Called when the output directory has been removed or taken over: nothing more should be written there. */
  readonly onLost?: () => void;
  readonly onEvents?: (events: readonly PlanEvent[]) => void;
}

export class LocalCluster implements Cluster {
  readonly #options: LocalClusterOptions;
  readonly #clock: Clock;
  readonly #context: LaunchContext;
  readonly #lock: OutputLock;
  readonly #listeners = new JobListeners();
  readonly #times: PodTimes;
  readonly #processes = new Map<string, PodProcess>();
  /** By kind and name. Only a ConfigMap has an effect here. */
  readonly #objects = new Map<string, KubernetesObject>();
  #job: WsiTrainingJob | undefined;
  #progress: TrainingProgress | undefined;
  #checkpointLeft: number | undefined;
  #closed = false;

  /** @throws WsiError when another run owns the output directory or it cannot be written */
  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#times = new PodTimes(this.#clock);
    this.#job = options.job;
    const privateDirectory = makePrivateDirectory();
    this.#context = {
      entrypoint: options.entrypoint,
      privateDirectory,
      output: options.output,
      environment: options.environment ?? process.env,
      gpus: options.gpus,
    };
    try {
      this.#lock = lockOutput(options.output, privateDirectory);
    } catch (error) {
      rmSync(privateDirectory, { recursive: true, force: true });
      throw error;
    }
    process.once('exit', this.#endNow);
  }

  get key(): JobKey {
    return `${jobNamespace(this.#options.job)}/${jobName(this.#options.job)}`;
  }

  get job(): WsiTrainingJob | undefined {
    return this.#job;
  }

  /** Pids of the live processes by role, in order of their index: for fault tests. */
  pids(role: Role): number[] {
    return [...this.#processes.values()]
      .filter((candidate) => slotOf(candidate.pod)?.role === role)
      .sort((a, b) => (slotOf(a.pod)?.index ?? 0) - (slotOf(b.pod)?.index ?? 0))
      .flatMap((candidate) => candidate.pid ?? []);
  }

  get hasLiveProcesses(): boolean {
    return [...this.#processes.values()].some((candidate) => candidate.isAlive);
  }

  /** Replaces the job before the loop runs, e.g. by one with the status of an earlier run. */
  begin(job: WsiTrainingJob): void {
    this.#job = job;
  }

  /** Changes the spec as a user's edit would (suspend, replicas). */
  edit(change: (spec: WsiTrainingJob['spec']) => WsiTrainingJob['spec']): void {
    if (this.#job === undefined) return;
    const generation = (this.#job.metadata.generation ?? 1) + 1;
    this.#job = {
      ...this.#job,
      metadata: { ...this.#job.metadata, generation },
      spec: change(this.#job.spec),
    };
    this.#listeners.notify(this.key);
  }

  async observe(key: JobKey): Promise<ObservedJob | undefined> {
    if (this.#job === undefined || key !== this.key) return undefined;
    if (!this.#closed && !this.#lock.isHeld()) this.#options.onLost?.();
    const progress = await this.#readProgress(this.#job);
    this.#progress = progress ?? this.#progress;
    const earlierModel = await this.#options.models?.earlierModel(this.#job, progress?.measurement?.device);
    for (const { name } of this.#processes.values()) this.#logFile(name).bound();
    // Read after the wait: the job and the pods are as of now.
    const pods = [...this.#processes.values()].map((candidate): V1Pod => candidate.pod);
    return {
      job: this.#job,
      observed: {
        pods,
        seenFor: this.#times.list(this.key, pods),
        objects: [...this.#objects.values()],
        gangs: [],
        ...(progress === undefined ? {} : { progress }),
        ...(this.#checkpointLeft === undefined ? {} : { checkpointLeft: this.#checkpointLeft }),
        ...(earlierModel === undefined ? {} : { earlierModel }),
      },
    };
  }

  async apply(_key: JobKey, action: Action): Promise<void> {
    switch (action.kind) {
      case 'createPod':
        this.#createPod(action.object);
        break;
      case 'deletePod':
        this.#deletePod(action.name, action.uid);
        break;
      case 'apply':
        await this.#applyObject(action.object);
        break;
      case 'delete':
        this.#objects.delete(objectKey(action.apiVersion, action.objectKind, action.name));
        break;
      case 'patchStatus':
      case 'adopt':
        // Of objects of other controllers, of which there are none.
        break;
      case 'issueCertificates':
        // Sockets in a private directory need none, and the local settings ask for none.
        break;
      case 'deleteJob':
        this.#job = undefined;
        this.#listeners.notify(this.key);
        break;
    }
  }

  async writeStatus(_key: JobKey, status: WsiTrainingJobStatus): Promise<void> {
    if (this.#job === undefined) return;
    this.#job = { ...this.#job, status };
    await this.#writeStatusFile(status);
    this.#options.onStatus?.(status);
  }

  async #writeStatusFile(status: WsiTrainingJobStatus): Promise<void> {
    if (!this.#lock.isHeld()) return;
    try {
      await writeFileAtomically(
        join(this.#context.output, 'status.json'),
        `${JSON.stringify(status, null, 2)}\n`,
      );
    } catch (error) {
      // The file is for readers and for the next run's counts; a full disk must not stop the loop that handles it.
      this.#options.logger.warn({ error }, 'status file not written');
    }
  }

  async emit(_key: JobKey, events: readonly PlanEvent[]): Promise<void> {
    for (const event of events) this.#options.logger.debug(event, 'event');
    if (events.length > 0) this.#options.onEvents?.(events);
  }

  watch(signal: AbortSignal, onChange: (key: JobKey) => void): void {
    this.#listeners.add(onChange, signal);
    onChange(this.key);
  }

  async #untilNoneLives(): Promise<void> {
    const ended = new AbortController();
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!this.hasLiveProcesses) resolve();
      };
      this.#listeners.add(check, ended.signal);
      check();
    });
    ended.abort();
  }

  /** Ends what still runs (SIGKILL: an orderly stop is the plan's work) and removes all but the output. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const alive = [...this.#processes.values()].filter((candidate) => candidate.isAlive);
    for (const candidate of alive) candidate.kill();
    await this.#untilNoneLives();
    process.off('exit', this.#endNow);
    this.#options.progress?.close();
    rmSync(this.#context.privateDirectory, { recursive: true, force: true });
    this.#lock.release();
  }

  /** The same in one go, for a process that is about to exit. */
  readonly #endNow = (): void => {
    for (const candidate of this.#processes.values()) candidate.kill();
    rmSync(this.#context.privateDirectory, { recursive: true, force: true });
    this.#lock.release();
  };

  #createPod(object: V1Pod): void {
    const name = object.metadata?.name ?? '';
    if (this.#closed || this.#processes.has(name)) return;
    const child = new PodProcess(object, launchOf(object, this.#context), {
      clock: this.#clock,
      log: this.#logFile(name),
      onEnd: (ended) => this.#podEnded(ended),
    });
    this.#processes.set(name, child);
    if (child.pid !== undefined) this.#lock.recordProcess(name, child.pid);
    this.#listeners.notify(this.key);
  }

  #deletePod(name: string, uid: string | undefined): void {
    const child = this.#processes.get(name);
    if (child === undefined || (uid !== undefined && child.pod.metadata?.uid !== uid)) return;
    if (child.isAlive) child.stop();
    else this.#processes.delete(name);
    this.#listeners.notify(this.key);
  }

  #podEnded(child: PodProcess): void {
    this.#lock.forgetProcess(child.name);
    if (slotOf(child.pod)?.role === 'coordinator') this.#checkpointLeft = checkpointLeft(child.pod);
    // A pod that was asked to leave is gone once its process is; one that ended by itself stays to be counted.
    if (child.pod.metadata?.deletionTimestamp !== undefined) this.#processes.delete(child.name);
    this.#options.onPodEnd?.(child.pod);
    this.#listeners.notify(this.key);
  }

  async #applyObject(object: KubernetesObject): Promise<void> {
    if (object.kind === 'ConfigMap') await this.#writeConfigMap(object);
    const { apiVersion, kind, metadata } = object;
    this.#objects.set(objectKey(apiVersion, kind, metadata.name), object);
  }

  async #writeConfigMap(object: V1ConfigMap): Promise<void> {
    const name = object.metadata?.name ?? '';
    const directory = configMapDirectory(this.#context, name);
    mkdirSync(directory, { recursive: true });
    for (const [file, content] of Object.entries(object.data ?? {})) {
      await writeFileAtomically(join(directory, file), content);
    }
  }

  #logFile(pod: string): LogFile {
    return new LogFile(join(this.#context.output, 'logs'), pod);
  }

  /** From the coordinator while it lives, from its result when it has finished. */
  async #readProgress(job: WsiTrainingJob): Promise<TrainingProgress | undefined> {
    const slot = { role: 'coordinator', index: 0 } as const;
    const coordinator = this.#processes.get(podName(job, slot));
    if (coordinator === undefined) return undefined;
    if (coordinator.isAlive) return this.#options.progress?.read(socketAddress(this.#context, slot));
    if (coordinator.pod.status?.phase !== 'Succeeded') return undefined;
    try {
      const result = await readResult(this.#context.output);
      return result === undefined
        ? undefined
        : finalProgress(believedResult(result), this.#progress?.epochs ?? job.spec.training.epochs);
    } catch (error) {
      this.#options.logger.warn({ error }, 'result not read');
      return undefined;
    }
  }
}

function objectKey(apiVersion: string, kind: string, name = ''): string {
  return `${apiVersion}/${kind}/${name}`;
}
