/** The logs of a job's pods as they are written. Loaded with the Kubernetes client only. */
import { ApiError, Informer } from '@wsi-operator/controller';
import { LABELS } from '@wsi-operator/api';
import { isOver } from './job-table.ts';
import { waitForJob } from './jobs.ts';
import { hasLog, isChosen, lineWriter, MOST_LOGS, requestFor, type LogChoice } from './logs.ts';
import { LogPosition, readLog, type LogLine, type LogRequest } from './pod-log.ts';
import { trainerStatus } from './pod-state.ts';
import type { ClusterSession } from './session.ts';
import { POD_RESOURCE, type Pod } from './wire.ts';

/** How long pods that outlive their job (cleanPodPolicy None) are listened to, milliseconds. */
const LAST_WORDS = 5_000;

/** Writes the chosen pods' logs as they come, also of pods that replace others, until the job is over or `signal`. */
export async function followLogs(
  session: ClusterSession,
  job: { readonly name: string; readonly uid: string | undefined },
  choice: LogChoice,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = session.terminal;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const pods = new FollowedPods(session, job.name, choice, stop.signal);
  const ended = waitForJob(session, job.name, { uid: job.uid, done: isOver, signal: stop.signal });
  try {
    await Promise.race([ended, pods.failed]);
    // What the last processes have said is on its way still.
    const patience = clock.sleep(LAST_WORDS, stop.signal).catch(() => undefined);
    await Promise.race([pods.quiet(), pods.failed, patience]);
  } finally {
    stop.abort();
    signal.removeEventListener('abort', onAbort);
    await Promise.allSettled([ended, pods.closed()]);
  }
}

class FollowedPods {
  /** Rejects when no log can be read at all, for want of rights. */
  readonly failed: Promise<never>;
  readonly #session: ClusterSession;
  readonly #choice: LogChoice;
  readonly #signal: AbortSignal;
  readonly #informer: Informer<Pod>;
  readonly #running: Promise<void>;
  readonly #seen = new Set<string>();
  readonly #reading = new Set<Promise<void>>();
  #notedLimit = false;

  constructor(session: ClusterSession, job: string, choice: LogChoice, signal: AbortSignal) {
    this.#session = session;
    this.#choice = choice;
    this.#signal = signal;
    const { client, namespace, terminal } = session;
    const labelSelector = `${LABELS.job}=${job}`;
    const write = lineWriter(session, [], choice);
    this.#informer = new Informer<Pod>({
      client,
      resource: POD_RESOURCE,
      namespace,
      labelSelector,
      clock: terminal.clock,
    });
    this.failed = new Promise<never>((_resolve, reject) => {
      this.#informer.onChange(({ type, object }) => {
        if (type !== 'deleted') this.#follow(object, (line) => write(object, line), reject);
      });
    });
    this.failed.catch(() => undefined);
    this.#running = this.#informer.run(signal);
  }

  /** When every log that is read at present has come to its end. */
  async quiet(): Promise<void> {
    await Promise.all(this.#reading);
  }

  async closed(): Promise<void> {
    await Promise.allSettled([this.#running, ...this.#reading]);
  }

  #follow(pod: Pod, write: (line: LogLine) => void, onFailure: (error: unknown) => void): void {
    const uid = pod.metadata.uid ?? '';
    if (!isChosen(pod, this.#choice) || !hasLog(pod) || this.#seen.has(uid)) return;
    if (this.#reading.size >= MOST_LOGS) {
      if (!this.#notedLimit) this.#session.terminal.note(`! Only ${MOST_LOGS} logs are followed at once.`);
      this.#notedLimit = true;
      return;
    }
    this.#seen.add(uid);
    // Of a pod that comes later all is wanted, however little was asked for of those that were there.
    const choice = this.#informer.hasSynced ? { ...this.#choice, tailLines: undefined } : this.#choice;
    const request = requestFor(this.#session, pod, choice, true);
    const log = followPod(
      this.#session,
      { request, isThere: () => this.#runs(pod), signal: this.#signal },
      write,
    );
    this.#reading.add(log);
    log.then(() => this.#reading.delete(log), onFailure);
  }

  /** The pod is there and its container has not ended. */
  #runs({ metadata }: Pod): boolean {
    const now = this.#informer.get(metadata.name ?? '', this.#session.namespace);
    if (now === undefined || now.metadata.uid !== metadata.uid) return false;
    return trainerStatus(now)?.state?.terminated === undefined;
  }
}

interface FollowedPod {
  readonly request: LogRequest;
  readonly isThere: () => boolean;
  readonly signal: AbortSignal;
}

const RECONNECT_MILLISECONDS = 1_000;
const MOST_FAILURES = 5;

/** One pod's log until its container has ended; a connection that drops is made again where it was. */
async function followPod(
  { client, terminal }: ClusterSession,
  { request, isThere, signal }: FollowedPod,
  write: (line: LogLine) => void,
): Promise<void> {
  const position = new LogPosition();
  let next = request;
  for (let failures = 0; ;) {
    const isNew = position.resumed();
    let whole = true;
    try {
      for await (const line of readLog(client, next, signal)) {
        if (!isNew(line)) continue;
        position.saw(line);
        write(line);
      }
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || error.status === 401 || error.status === 403) throw error;
      whole = error.isNotFound;
      failures += 1;
    }
    // The end of a container is known to its kubelet before the API server.
    await terminal.clock.sleep(RECONNECT_MILLISECONDS, signal).catch(() => undefined);
    if (signal.aborted || !(isThere() || (!whole && failures < MOST_FAILURES))) return;
    const { sinceTime } = position;
    if (sinceTime !== undefined) next = { ...request, tailLines: undefined, sinceTime };
  }
}
