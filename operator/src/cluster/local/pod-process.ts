/**
 * One pod as a child process in a process group of its own.
 *
 *   starting -> running -> (stopping: SIGTERM, after the grace period SIGKILL) -> ended
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import type { V1ContainerStateTerminated, V1Pod } from '../../kubernetes-types.ts';
import type { Clock } from '@wsi-operator/foundation';
import { TRAINER_CONTAINER } from '../../job/names.ts';
import type { Launch } from './launch.ts';
import type { LogFile } from './log-file.ts';
import { outOfMemoryKills } from './memory-kills.ts';
import { signalGroup } from './process-identity.ts';

export interface PodProcessOptions {
  readonly clock: Clock;
  readonly log: LogFile;
  /** Called once, when the process has ended and its group is gone. */
  readonly onEnd: (pod: PodProcess) => void;
}

const LONGEST_MESSAGE_BYTES = 4096;

export class PodProcess {
  /** The object as a cluster would show it; replaced, never changed in place. */
  pod: V1Pod;
  readonly name: string;
  readonly #options: PodProcessOptions;
  readonly #child: ChildProcess;
  readonly #launch: Launch;
  readonly #logStart: number;
  readonly #memoryKillsAtStart = outOfMemoryKills();
  readonly #startedAt: string;
  /** Aborted at the end, to stop the wait for the grace period. */
  readonly #end = new AbortController();

  constructor(object: V1Pod, launch: Launch, options: PodProcessOptions) {
    this.#options = options;
    this.#launch = launch;
    this.name = object.metadata?.name ?? '';
    this.#startedAt = new Date(options.clock.now()).toISOString();
    rmSync(launch.terminationFile, { force: true });
    for (const directory of [...launch.directories, launch.temporaryDirectory]) {
      mkdirSync(directory, { recursive: true });
    }
    this.#logStart = options.log.size();
    const log = options.log.open();
    this.#child = spawn(launch.command, launch.arguments, {
      env: launch.environment,
      cwd: launch.workingDirectory,
      // Its own group: Ctrl-C in the terminal must reach it through the stop order, not directly.
      detached: true,
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    // Nothing is written to it; it only has to end when this process does.
    this.#child.stdin?.on('error', () => undefined);
    this.pod = {
      ...object,
      metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: this.#startedAt },
      status: this.#runningStatus(),
    };
    this.#child.once('error', (error) => {
      if (this.#child.pid === undefined) this.#ended(127, undefined, `cannot start: ${error.message}`);
    });
    this.#child.once('exit', (code, signal) => {
      const number = signal === null ? undefined : constants.signals[signal];
      this.#ended(code ?? 128 + (number ?? 0), number, undefined);
    });
  }

  /** Undefined when it could not be started or has ended. */
  get pid(): number | undefined {
    return this.isAlive ? this.#child.pid : undefined;
  }

  get isAlive(): boolean {
    return !this.#end.signal.aborted;
  }

  /** SIGTERM now, SIGKILL to the whole group after the pod's grace period. */
  stop(): void {
    if (!this.isAlive || this.pod.metadata?.deletionTimestamp !== undefined) return;
    const { clock } = this.#options;
    const seconds = this.pod.spec?.terminationGracePeriodSeconds ?? 30;
    this.pod = {
      ...this.pod,
      metadata: {
        ...this.pod.metadata,
        deletionTimestamp: new Date(clock.now()).toISOString(),
        deletionGracePeriodSeconds: seconds,
      },
    };
    this.#child.kill('SIGTERM');
    clock.sleep(seconds * 1000, this.#end.signal).then(
      () => this.kill(),
      // It has ended in time.
      () => undefined,
    );
  }

  /** SIGKILL to the whole group. */
  kill(): void {
    if (this.isAlive && this.#child.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
  }

  #ended(exitCode: number, signal: number | undefined, problem: string | undefined): void {
    if (!this.isAlive) return;
    this.#end.abort();
    // What the process itself has started goes with it, as in a container.
    if (this.#child.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    this.#child.stdin?.destroy();
    const message = problem ?? this.#lastWords(exitCode);
    const terminated: V1ContainerStateTerminated = {
      exitCode,
      reason: this.#reason(exitCode, signal),
      message,
      startedAt: this.#startedAt,
      finishedAt: new Date(this.#options.clock.now()).toISOString(),
      ...(signal === undefined ? {} : { signal }),
    };
    this.pod = {
      ...this.pod,
      status: {
        ...this.pod.status,
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [
          { ...this.#containerStatus(), ready: false, started: false, state: { terminated } },
        ],
      },
    };
    rmSync(this.#launch.terminationFile, { force: true });
    rmSync(this.#launch.temporaryDirectory, { recursive: true, force: true });
    this.#options.onEnd(this);
  }

  #reason(exitCode: number, signal: number | undefined): string {
    if (exitCode === 0) return 'Completed';
    const killed = signal === constants.signals.SIGKILL;
    return killed && outOfMemoryKills() > this.#memoryKillsAtStart ? 'OOMKilled' : 'Error';
  }

  /** The termination message, or the end of the log of a process that failed without one. */
  #lastWords(exitCode: number): string {
    try {
      const bytes = readFileSync(this.#launch.terminationFile).subarray(0, LONGEST_MESSAGE_BYTES);
      if (bytes.length > 0) return bytes.toString('utf8').trim();
    } catch {
      // Most processes leave no message.
    }
    return exitCode === 0 ? '' : this.#options.log.tail(this.#logStart);
  }

  #runningStatus(): NonNullable<V1Pod['status']> {
    const state = { running: { startedAt: this.#startedAt } };
    return {
      phase: 'Running',
      startTime: this.#startedAt,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ ...this.#containerStatus(), ready: true, started: true, state }],
    };
  }

  #containerStatus(): {
    name: string;
    image: string;
    imageID: string;
    restartCount: number;
  } {
    return { name: TRAINER_CONTAINER, image: this.#launch.command, imageID: '', restartCount: 0 };
  }
}
