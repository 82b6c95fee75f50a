/**
 * Why pods that should run do not, and what does not run in those that do: what the API server refused, and what the
 * scheduler and the kubelets say of pods that exist. One reason is reported, the one that has to be mended first, in the words
 * of who said it.
 */
import type { ConditionReason } from '@wsi-operator/api';
import type { Refusal } from '../job/actions.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import { failingContainer, initializing, stuckContainer } from './container-trouble.ts';
import { describe } from './failure-policy.ts';
import { isOnSilentNode } from './silent-node.ts';
import { conditionOf, type ObservedSlot } from '../job/snapshot.ts';

export interface Blocker {
  readonly reason: ConditionReason;
  readonly message: string;
}

const LONGEST_MESSAGE = 2_000;

/** In the order in which they have to be mended. */
const ORDER: readonly ConditionReason[] = [
  'QuotaExceeded',
  'ObjectRefused',
  'ContainerConfigInvalid',
  'ImagePullFailed',
  'ContainerFailing',
  'NodeUnreachable',
  'Unschedulable',
  'PodStuck',
  'InitContainerRunning',
];

/** Longer than an image of some gigabytes takes. */
const STUCK_MILLISECONDS = 10 * 60_000;
const STUCK_MINUTES = STUCK_MILLISECONDS / 60_000;

/** Undefined when nothing is known to be in the way: pods are being started, and that takes its time. */
export function findBlocker(
  slots: readonly ObservedSlot[],
  refusals: readonly Refusal[],
): Blocker | undefined {
  return firstOf([...refusals.map(ofRefusal), ...slots.flatMap((slot) => ofSlot(slot) ?? [])]);
}

/** Of pods whose role runs: a node that does not answer, or a container beside it that does not get on. */
export function findTrouble(slots: readonly ObservedSlot[]): Blocker | undefined {
  return firstOf(
    slots.flatMap((slot) => {
      const { pod, state, seenFor = 0 } = slot;
      if (pod === undefined || state !== 'running') return [];
      const who = describe(slot);
      return unreachable(pod, who) ?? stuckContainer(pod, who) ?? failingContainer(pod, who, seenFor) ?? [];
    }),
  );
}

function firstOf(found: readonly Blocker[]): Blocker | undefined {
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

function ofSlot(slot: ObservedSlot): Blocker | undefined {
  const { pod, state, seenFor = 0 } = slot;
  if (pod === undefined || state !== 'pending') return undefined;
  const who = describe(slot);
  const known = unscheduled(pod, who) ?? stuckContainer(pod, who);
  return known ?? (seenFor < STUCK_MILLISECONDS ? undefined : unheardOf(pod, who));
}

/**
 * Kubernetes itself deletes pods of such a node after a while, unless they tolerate it; what is deleted is removed here
 * when its grace is over. Not deleted, it may well run on, and come back with its node.
 */
function unreachable(pod: V1Pod, who: string): Blocker | undefined {
  if (!isOnSilentNode(pod)) return undefined;
  const { metadata: { name = '' } = {}, spec: { nodeName = 'of it' } = {} } = pod;
  const message = `node ${nodeName} does not answer, and ${who} on it may run no more. Should the node not come back (kubectl get node ${nodeName}), and Kubernetes not delete the pod by itself, kubectl delete pod ${name}: it is then replaced elsewhere`;
  return { reason: 'NodeUnreachable', message };
}

/** What schedulers and kubelets tell as events only, which are nobody's but people's to read. */
function unheardOf(pod: V1Pod, who: string): Blocker | undefined {
  const { metadata: { name = '' } = {}, spec } = pod;
  const init = initializing(pod);
  if (init !== undefined) {
    // It is the user's program that takes its time: somebody should know of it.
    const message = `${init.text} of ${who} has been running for more than ${STUCK_MINUTES} minutes, and ${who} starts when it ends (see kubectl logs ${name} -c ${init.name})`;
    return { reason: 'InitContainerRunning', message };
  }
  const { nodeName, schedulerName = 'default-scheduler' } = spec ?? {};
  const what =
    nodeName === undefined || nodeName === ''
      ? `no scheduler has handled ${who} for ${STUCK_MINUTES} minutes: is there one named ${schedulerName}?`
      : `node ${nodeName} has not started ${who} for ${STUCK_MINUTES} minutes: an image is being pulled, a volume cannot be mounted, or the node does not answer`;
  return { reason: 'PodStuck', message: `${what} (see kubectl describe pod ${name})` };
}

function unscheduled(pod: V1Pod, who: string): Blocker | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const said = scheduled.message ?? scheduled.reason ?? '';
  return { reason: 'Unschedulable', message: `${who} finds no place: ${said}${requestsOf(pod)}` };
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
