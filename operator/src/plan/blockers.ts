/**
 * Why pods that should run do not: what the API server refused, and what the scheduler and the kubelets say of pods that
 * exist. One reason is told, the one that has to be mended first, in the words of who said it.
 */
import type { ConditionReason } from '@wsi/api';
import type { Refusal } from '../cluster/port.ts';
import type { V1ContainerStatus, V1Pod } from '../kubernetes-types.ts';
import { describe } from './failure-policy.ts';
import type { Place } from './snapshot.ts';

export interface Blocker {
  readonly reason: ConditionReason;
  readonly message: string;
}

const IMAGE_REASONS =
  /^(ErrImage.*|ImagePullBackOff|ImageInspectError|InvalidImageName|RegistryUnavailable)$/;
const CONFIG_REASONS =
  /^(CreateContainerConfigError|CreateContainerError|RunContainerError|PreCreateHookError|CreatePodSandboxError)$/;
const LONGEST_MESSAGE = 2_000;

/** In the order in which they have to be mended. */
const ORDER: readonly ConditionReason[] = [
  'QuotaExceeded',
  'ObjectRefused',
  'ContainerConfigInvalid',
  'ImagePullFailed',
  'Unschedulable',
];

/** Undefined when nothing is known to be in the way: pods are being started, and that takes its time. */
export function findBlocker(places: readonly Place[], refusals: readonly Refusal[]): Blocker | undefined {
  const found = [...refusals.map(ofRefusal), ...places.flatMap((place) => ofPlace(place) ?? [])];
  for (const reason of ORDER) {
    const same = found.filter((blocker) => blocker.reason === reason);
    const [first] = same;
    if (first === undefined) continue;
    const more = same.length > 1 ? ` (and ${same.length - 1} more like it)` : '';
    return { reason, message: `${first.message.slice(0, LONGEST_MESSAGE)}${more}` };
  }
  return undefined;
}

function ofRefusal({ what, message }: Refusal): Blocker {
  const reason = /exceeded quota|quota exceeded/i.test(message) ? 'QuotaExceeded' : 'ObjectRefused';
  return { reason, message: `cannot ${what}: ${message}` };
}

function ofPlace(place: Place): Blocker | undefined {
  const { pod, state, slot } = place;
  if (pod === undefined || state !== 'pending') return undefined;
  const who = describe(slot);
  return (
    unscheduled(pod, who) ??
    containersOf(pod)
      .map((container) => ofContainer(container, who))
      .find(isKnown)
  );
}

function isKnown(blocker: Blocker | undefined): blocker is Blocker {
  return blocker !== undefined;
}

function unscheduled(pod: V1Pod, who: string): Blocker | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const said = scheduled.message ?? scheduled.reason ?? '';
  return { reason: 'Unschedulable', message: `${who} finds no place: ${said}${requestsOf(pod)}` };
}

function ofContainer({ name, image, state }: V1ContainerStatus, who: string): Blocker | undefined {
  const { reason = '', message = reason } = state?.waiting ?? {};
  if (IMAGE_REASONS.test(reason)) {
    return { reason: 'ImagePullFailed', message: `${who} gets no image ${image}: ${message}` };
  }
  if (!CONFIG_REASONS.test(reason)) return undefined;
  return {
    reason: 'ContainerConfigInvalid',
    message: `container ${name} of ${who} cannot be made: ${message}`,
  };
}

function containersOf(pod: V1Pod): V1ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

/** ` (it asks for cpu 2, nvidia.com/gpu 1)`: what the scheduler looks for, of the containers one by one. */
function requestsOf(pod: V1Pod): string {
  const asked = (pod.spec?.containers ?? []).flatMap(({ resources }) =>
    Object.entries({ ...resources?.limits, ...resources?.requests }).map(
      ([name, amount]) => `${name} ${amount}`,
    ),
  );
  return asked.length === 0 ? '' : ` (it asks for ${asked.join(', ')})`;
}
