/** A cluster's jobs: read, and watched over dropped connections. Loaded with the Kubernetes client only. */
import { applyDefaults } from '@wsi-operator/api';
import { Informer, type WithMetadata } from '@wsi-operator/controller';
import { isUnseen, noOperator } from './advice.ts';
import { noSuchJob } from './explain.ts';
import type { ClusterSession } from './session.ts';
import { JOB_RESOURCE, type StoredJob } from './wire.ts';

/** As an informer wants its objects to be. */
export type WatchedJob = StoredJob & WithMetadata;

/** As it came, completed with the defaults of this version: an older CRD fills in fewer fields. */
export function completed(job: StoredJob): StoredJob {
  return applyDefaults(job);
}

/** Throws NotFound, with the name that was meant where one is near. */
export async function requireJob(session: ClusterSession, name: string): Promise<StoredJob> {
  const job = await session.client.get<StoredJob>(JOB_RESOURCE, name, session.namespace);
  if (job === undefined) throw await noSuchJob(name, session);
  return completed(job);
}

export type Waited =
  | { readonly reason: 'done'; readonly job: StoredJob }
  | { readonly reason: 'deleted' | 'timeout' | 'interrupted'; readonly job: StoredJob | undefined };

export interface WaitOptions {
  /** Another job of the same name is not waited for. */
  readonly uid: string | undefined;
  readonly done: (job: StoredJob) => boolean;
  readonly onJob?: (job: StoredJob, before: StoredJob | undefined) => void;
  /** A line about the waiting itself. */
  readonly say?: (line: string) => void;
  readonly signal: AbortSignal;
  readonly timeoutSeconds?: number | undefined;
}

const POLL_MILLISECONDS = 5_000;
const SILENT_MILLISECONDS = 60_000;

/** Watches one job until `done`, until it is deleted, the time is over or `signal`. */
export async function waitForJob(
  session: ClusterSession,
  name: string,
  options: WaitOptions,
): Promise<Waited> {
  const { client, namespace, terminal } = session;
  const informer = new Informer<WatchedJob>({
    client,
    resource: JOB_RESOURCE,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    clock: terminal.clock,
  });
  const stop = new AbortController();
  let last: StoredJob | undefined;
  const waited = new Promise<Waited>((resolve) => {
    const observe = (raw: StoredJob): void => {
      const job = completed(raw);
      if (options.uid !== undefined && job.metadata.uid !== options.uid) {
        resolve({ reason: 'deleted', job: last });
        return;
      }
      options.onJob?.(job, last);
      last = job;
      if (options.done(job)) resolve({ reason: 'done', job });
    };
    informer.onChange(({ type, object }) => {
      // A fake or an old server may not know the selector.
      if (object.metadata.name !== name) return;
      if (type === 'deleted') resolve({ reason: 'deleted', job: last });
      else observe(object);
    });
    informer.synced.then(
      () => {
        if (informer.get(name, namespace) === undefined) resolve({ reason: 'deleted', job: last });
      },
      // Stopped before its first list.
      () => undefined,
    );
    options.signal.addEventListener('abort', () => resolve({ reason: 'interrupted', job: last }));
    if (options.signal.aborted) resolve({ reason: 'interrupted', job: last });
    if (options.timeoutSeconds !== undefined) {
      void terminal.clock.sleep(options.timeoutSeconds * 1000, stop.signal).then(
        () => resolve({ reason: 'timeout', job: last }),
        () => undefined,
      );
    }
  });
  const running = informer.run(stop.signal);
  const concern = reportConcerns(session, {
    informer,
    job: () => last,
    say: options.say,
    signal: stop.signal,
  });
  try {
    return await Promise.race([waited, running.then(() => waited)]);
  } finally {
    stop.abort();
    await Promise.allSettled([running, concern]);
  }
}

interface Concerns {
  readonly informer: { readonly lastContact: number };
  readonly job: () => StoredJob | undefined;
  readonly say: ((line: string) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Says once when no operator cares for the job, and when the cluster has not been heard of for a while. */
async function reportConcerns(session: ClusterSession, concerns: Concerns): Promise<void> {
  const { clock } = session.terminal;
  let unseen = false;
  let silent = false;
  const aborted = (): false => false;
  while (await clock.sleep(POLL_MILLISECONDS, concerns.signal).then(() => true, aborted)) {
    const job = concerns.job();
    if (job !== undefined && !unseen && isUnseen(job, clock.now())) {
      unseen = true;
      concerns.say?.(`! ${noOperator()}`);
    }
    const quiet = clock.monotonic() - concerns.informer.lastContact > SILENT_MILLISECONDS;
    if (quiet && !silent) concerns.say?.('! The cluster does not answer; trying on.');
    silent = quiet;
  }
}
