/** Containers of a pod that do not get on: the role's own, the user's init containers and those that run beside it. */
import type { ConditionReason } from '@wsi-operator/api';
import type { V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import { lastWordOf } from './last-word.ts';
import { STABLE_MILLISECONDS } from './failure-records.ts';
import { TRAINER_CONTAINER } from '../job/names.ts';

interface Trouble {
  readonly reason: ConditionReason;
  readonly message: string;
}

const IMAGE_REASONS =
  /^(ErrImage.*|ImagePullBackOff|ImageInspectError|InvalidImageName|RegistryUnavailable|SignatureValidationFailed)$/;
const CONFIG_REASONS =
  /^(CreateContainerConfigError|CreateContainerError|RunContainerError|PreCreateHookError|PreStartHookError|PostStartHookError|CreatePodSandboxError)$/;
/** The kubelet's wait before it starts a container again. */
const BACK_OFF = 'CrashLoopBackOff';
/** A container that was started again so often may just be running between two ends: it is reported until it has lasted. */
const MANY_RESTARTS = 3;

/** A container that cannot be started, or that is not started again at once; of several, the first in their order. */
export function stuckContainer(pod: V1Pod, who: string): Trouble | undefined {
  return first(pod, (status, name) => stuck(status, name, who));
}

/**
 * A container beside the role that has failed, or fails again and again.
 * @param seenFor for how long the pod has been ready, or not ready, without a change (milliseconds)
 */
export function failingContainer(pod: V1Pod, who: string, seenFor: number): Trouble | undefined {
  return first(pod, (status, name) =>
    status.name === TRAINER_CONTAINER ? undefined : failing(status, name, who, seenFor),
  );
}

/** The init container that a pod that is being started has got to; its text is `init container fetch`. */
export function initializing(
  pod: V1Pod | undefined,
): { readonly name: string; readonly text: string } | undefined {
  const current = pod?.status?.initContainerStatuses?.find(
    ({ state, started }) => state?.running !== undefined && started !== true,
  );
  if (pod === undefined || current === undefined) return undefined;
  return { name: current.name, text: nameOf(pod, current.name) };
}

function first(
  pod: V1Pod,
  find: (status: V1ContainerStatus, name: string) => Trouble | undefined,
): Trouble | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  for (const status of [...initContainerStatuses, ...containerStatuses]) {
    const trouble = find(status, nameOf(pod, status.name));
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function stuck(status: V1ContainerStatus, name: string, who: string): Trouble | undefined {
  const { reason = '', message = reason } = status.state?.waiting ?? {};
  if (IMAGE_REASONS.test(reason)) {
    const whose = status.name === TRAINER_CONTAINER ? '' : ` for its ${name}`;
    return { reason: 'ImagePullFailed', message: `${who} gets no image ${status.image}${whose}: ${message}` };
  }
  if (reason === BACK_OFF) return again(status, name, who);
  if (!CONFIG_REASONS.test(reason)) return undefined;
  return { reason: 'ContainerConfigInvalid', message: `${name} of ${who} cannot be made: ${message}` };
}

function failing(status: V1ContainerStatus, name: string, who: string, seenFor: number): Trouble | undefined {
  const { terminated, running } = status.state ?? {};
  if (terminated !== undefined && terminated.exitCode !== 0) {
    return { reason: 'ContainerFailing', message: `${name} of ${who} has ended${how(terminated)}` };
  }
  const failed = status.restartCount >= MANY_RESTARTS && (status.lastState?.terminated?.exitCode ?? 0) !== 0;
  return running !== undefined && failed && seenFor < STABLE_MILLISECONDS
    ? again(status, name, who)
    : undefined;
}

function again(status: V1ContainerStatus, name: string, who: string): Trouble {
  const times = status.restartCount === 1 ? 'once' : `${status.restartCount} times`;
  const last = status.lastState?.terminated ?? status.state?.terminated;
  const message = `${name} of ${who} ends again and again: it was started again ${times}, and last ended${how(last)}`;
  return { reason: 'ContainerFailing', message };
}

function how(end: NonNullable<V1ContainerStatus['state']>['terminated']): string {
  if (end === undefined) return '';
  const killed = end.reason === 'OOMKilled' ? ', killed for using more memory than it may' : '';
  const words = lastWordOf(end.message).words;
  return ` with exit code ${end.exitCode}${killed}${words === '' ? '' : `: ${words}`}`;
}

/** What it is in its pod: `container trainer`, `init container fetch`, `sidecar logs`. */
function nameOf(pod: V1Pod, name: string): string {
  const init = pod.spec?.initContainers?.find((container) => container.name === name);
  if (init === undefined) return `container ${name}`;
  return `${init.restartPolicy === 'Always' ? 'sidecar' : 'init container'} ${name}`;
}
