/** What a pod is doing and, when it does not run, why (pure). */
import { TRAINER_CONTAINER } from '@wsi-operator/api';
import type { ContainerStatus, Pod } from './wire.ts';

export interface PodState {
  /** One word, such as Running, Unschedulable, ImagePullBackOff, OutOfMemory. */
  readonly state: string;
  /** Why, in the cluster's or the process' own words; empty when there is nothing to say. */
  readonly why: string;
}

/** The exit codes of a role, as `wsi` has them. */
const EXIT_WORDS: ReadonlyMap<number, string> = new Map([
  [1, 'it failed'],
  [64, 'it refused its input'],
  [70, 'a fault of the program'],
  [74, 'it could not write'],
  [75, 'something it needs is in use or does not answer'],
  [137, 'killed with SIGKILL'],
  [143, 'stopped by SIGTERM'],
]);

const OWN_CODE = /^[A-Z][A-Za-z]+: (?=\S)/;

export function podState(pod: Pod): PodState {
  const { status = {}, metadata } = pod;
  if (metadata.deletionTimestamp !== undefined) return { state: 'Terminating', why: '' };
  // Evicted, Preempting, NodeLost, ...: the kubelet or the API server ended the pod as a whole.
  if (status.phase === 'Failed' && status.reason !== undefined && status.reason !== '') {
    return { state: status.reason, why: status.message ?? '' };
  }
  const started = trainerStatus(pod)?.state?.running !== undefined;
  const own = (started ? undefined : initState(pod)) ?? trainerState(pod) ?? schedulingState(pod);
  return own.why === '' ? { ...own, why: besideState(pod) } : own;
}

export function trainerStatus(pod: Pod): ContainerStatus | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.find(({ name }) => name === TRAINER_CONTAINER) ?? statuses[0];
}

/** A pod whose init container does not get on stands there, whatever its other containers say. */
function initState(pod: Pod): PodState | undefined {
  const stuck = pod.status?.initContainerStatuses?.find(({ state }) => {
    const ended = state?.terminated;
    return ended === undefined ? state?.running === undefined : (ended.exitCode ?? 0) !== 0;
  });
  if (stuck === undefined) return undefined;
  const { state, why } = containerState(stuck) ?? { state: 'Waiting', why: '' };
  // All containers say so while the first of them is being made.
  if (state === 'PodInitializing') return undefined;
  return { state: `Init:${state}`, why: named(stuck, why) };
}

/** The first container beside the role, be it one that stays from the initialization on, that does not get on. */
function besideState(pod: Pod): string {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const trainer = trainerStatus(pod);
  const failed = [...initContainerStatuses, ...containerStatuses].find(
    (status) =>
      status !== trainer &&
      ((status.state?.terminated?.exitCode ?? 0) !== 0 ||
        /BackOff|Err/.test(status.state?.waiting?.reason ?? '')),
  );
  if (failed === undefined) return '';
  const { state, why } = containerState(failed) ?? { state: 'Waiting', why: '' };
  return named(failed, [state, why].filter(Boolean).join(': '));
}

/** Which container of the pod it is, how often it was started again, and how it ended last. */
function named({ name, restartCount = 0, lastState }: ContainerStatus, why: string): string {
  const again = restartCount === 0 ? '' : `, started again ${restartCount} times`;
  const last = lastState?.terminated === undefined ? '' : endState(lastState.terminated).why;
  return [`container ${name}${again}`, last, why].filter(Boolean).join(': ');
}

function trainerState(pod: Pod): PodState | undefined {
  const trainer = trainerStatus(pod);
  return trainer === undefined ? undefined : containerState(trainer);
}

function containerState({ state = {}, ready, image }: ContainerStatus): PodState | undefined {
  if (state.terminated !== undefined) return endState(state.terminated);
  if (state.waiting !== undefined) {
    const { reason = 'Waiting', message = '' } = state.waiting;
    const pulling = /Image/.test(reason) && image !== undefined && !message.includes(image);
    return { state: reason, why: pulling ? [`image ${image}`, message].filter(Boolean).join(': ') : message };
  }
  if (state.running === undefined) return undefined;
  return ready === true
    ? { state: 'Running', why: '' }
    : { state: 'NotReady', why: 'it runs but is not ready yet' };
}

function endState({ exitCode = 0, reason, message = '' }: NonNullable<ContainerState>): PodState {
  const words = message.trim().replace(OWN_CODE, '');
  if (reason === 'OOMKilled') {
    return { state: 'OutOfMemory', why: 'killed because it used more memory than its limit' };
  }
  if (exitCode === 0) return { state: 'Completed', why: '' };
  const meaning = EXIT_WORDS.get(exitCode);
  const code = `exit code ${exitCode}${meaning === undefined ? '' : `, ${meaning}`}`;
  return { state: reason ?? 'Error', why: words === '' ? code : `${code}: ${words}` };
}

type ContainerState = NonNullable<ContainerStatus['state']>['terminated'];

function schedulingState(pod: Pod): PodState {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return { state: scheduled.reason ?? 'Unschedulable', why: scheduled.message ?? '' };
  }
  return { state: pod.status?.phase ?? 'Pending', why: '' };
}
