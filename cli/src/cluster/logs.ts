/** The logs of a job's pods, as far as they are written. Loaded with the Kubernetes client only. */
import { ApiError } from '@wsi-operator/controller';
import { WsiError } from '@wsi-operator/foundation';
import { LABELS, TRAINER_CONTAINER, type Role } from '@wsi-operator/api';
import { formatLogLine, linePrefix } from './log-lines.ts';
import { mergeLogs } from './merged-logs.ts';
import { readLog, type LogLine, type LogRequest } from './pod-log.ts';
import { podState, trainerStatus } from './pod-state.ts';
import type { ClusterSession } from './session.ts';
import { byPlace, placeOf, POD_RESOURCE, shortName, type Pod } from './wire.ts';

export interface LogChoice {
  readonly role?: Role | undefined;
  readonly replica?: number | undefined;
  readonly tailLines?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  readonly previous: boolean;
  readonly raw: boolean;
}

/** Each log is a connection of its own, and a file handle of a kubelet. */
export const MOST_LOGS = 100;

export function isChosen(pod: Pod, { role, replica }: LogChoice): boolean {
  const place = placeOf(pod);
  if (place === undefined) return false;
  return (role === undefined || place.role === role) && (replica === undefined || place.index === replica);
}

/** The chosen pods of a job, in order. */
export async function podsOf(session: ClusterSession, job: string): Promise<Pod[]> {
  const { items } = await session.client.list<Pod>(POD_RESOURCE, {
    namespace: session.namespace,
    labelSelector: `${LABELS.job}=${job}`,
  });
  return items.sort(byPlace);
}

/** Whether there is a log: the container runs or has run. */
export function hasLog(pod: Pod): boolean {
  const state = trainerStatus(pod)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

/** The operator makes new pods; a container is started again within its pod only where a template says so. */
function hasPrevious(pod: Pod): boolean {
  return (trainerStatus(pod)?.restartCount ?? 0) > 0;
}

/** Writes what the pods have logged so far, in the order of time. */
export async function showLogs(
  session: ClusterSession,
  pods: readonly Pod[],
  choice: LogChoice,
): Promise<void> {
  const { client, terminal } = session;
  const present = pods.filter((pod) => (choice.previous ? hasPrevious(pod) : hasLog(pod)));
  for (const pod of pods.filter((each) => !choice.previous && !present.includes(each))) {
    const { state, why } = podState(pod);
    terminal.note(`${shortName(pod)} has not started: ${state}${why === '' ? '' : `, ${why}`}`);
  }
  if (present.length > MOST_LOGS) throw tooMany(present.length);
  const write = lineWriter(session, present, choice);
  const stop = new AbortController();
  const logs = present.map((pod) => readLog(client, requestFor(session, pod, choice, false), stop.signal));
  try {
    for await (const { source, line } of mergeLogs(
      logs.map((log, index) => noted(session, present[index]!, log)),
    )) {
      write(present[source]!, line);
    }
  } finally {
    stop.abort();
  }
}

/** A pod that goes while its log is read is no reason to leave out the others. */
async function* noted(
  session: ClusterSession,
  pod: Pod,
  log: AsyncGenerator<LogLine, void>,
): AsyncGenerator<LogLine, void> {
  try {
    yield* log;
  } catch (error) {
    // Rights and connections concern all of them.
    if (!(error instanceof ApiError) || ![400, 404, 500].includes(error.status)) throw error;
    session.terminal.note(`${shortName(pod)}: its log cannot be read (${error.message})`);
  }
}

function tooMany(count: number): WsiError {
  return new WsiError('InvalidArgument', `${count} logs at once are too many (at most ${MOST_LOGS})`, {
    remedy: 'Choose with --role and --replica.',
  });
}

export function lineWriter(
  { terminal }: ClusterSession,
  pods: readonly Pod[],
  { raw, role, replica }: LogChoice,
): (pod: Pod, line: LogLine) => void {
  const style = { raw, colour: terminal.colour };
  const bare = role !== undefined && (replica !== undefined || role === 'coordinator');
  let width = Math.max(8, ...pods.map((pod) => shortName(pod).length));
  return (pod, { text }) => {
    const name = shortName(pod);
    width = Math.max(width, name.length);
    const prefix = bare ? '' : linePrefix(name, width, terminal.colour);
    const line = `${formatLogLine(text, style)}\n`;
    if (raw) {
      terminal.out(prefix);
      terminal.data(line);
    } else terminal.out(`${prefix}${line}`);
  };
}

export function requestFor(
  session: ClusterSession,
  pod: Pod,
  choice: LogChoice,
  follow: boolean,
): LogRequest {
  const { previous, tailLines, sinceSeconds } = choice;
  return {
    namespace: session.namespace,
    pod: pod.metadata.name ?? '',
    container: trainerStatus(pod)?.name ?? TRAINER_CONTAINER,
    follow,
    previous,
    tailLines,
    sinceSeconds,
  };
}
