/**
 * One PodDisruptionBudget for all roles of a job: of its pods, one at a time may be moved by a drain. Each of them is
 * replaced without losing the run, but with all of them gone at once nothing would be left to go on from but the last
 * checkpoint. Pods that are not ready may go at any time: they must not hold up a drain.
 *
 * A drain may always go on: the budget is one less than the pods that are up or will be soon. One that finds no place,
 * gets no image or is refused is given its time, during which a moved pod starts again elsewhere, and is not counted then.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { PodFailure } from './failure-records.ts';
import type { Refusal } from '../job/actions.ts';
import type { KubernetesObject, V1PodDisruptionBudget } from '../kubernetes-types.ts';
import { findBlocker } from './blockers.ts';
import { earliestStart } from './failure-policy.ts';
import { jobLabels, jobName, LABELS, ownedMetadata } from '../job/names.ts';
import { isReady, type ObservedSlot } from '../job/snapshot.ts';

/** In which a pod that was moved finds another place and starts. */
const PATIENCE_MILLISECONDS = 5 * 60_000;
/** A slot that is filled again later than this is not waited for. */
const SOON_MILLISECONDS = 60_000;

/**
 * @param pods how many pods are up or will be soon. A number and not `maxUnavailable`, which needs a known controller.
 */
export function disruptionBudget(job: WsiTrainingJob, pods: number): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      minAvailable: Math.max(0, pods - 1),
      selector: { matchLabels: { [LABELS.job]: jobName(job) } },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  } satisfies V1PodDisruptionBudget;
}

export interface BudgetInput {
  readonly slots: readonly ObservedSlot[];
  readonly failures: readonly PodFailure[];
  readonly refusals: readonly Refusal[];
  readonly now: number;
}

export interface CountedPods {
  readonly count: number;
  /** When one of them has had its time (milliseconds since the epoch). */
  readonly due: readonly number[];
}

/** The slots whose pods are up or will be soon. */
export function countedPods(input: BudgetInput): CountedPods {
  const waits = input.slots.map((slot) => ({ slot, until: expectedUntil(slot, input) }));
  const expected = waits.filter(({ until }) => until > input.now);
  // Workers are made when all others run: while one of those is not expected, neither are they.
  const blocked = waits.some(({ slot, until }) => slot.role !== 'worker' && until <= input.now);
  const counted = expected.filter(
    ({ slot }) => !(blocked && slot.role === 'worker' && slot.state === 'absent'),
  );
  return {
    count: counted.length,
    due: counted.map(({ until }) => until).filter((until) => Number.isFinite(until)),
  };
}

/** Until when the pod of a slot counts as one that is up (milliseconds since the epoch). */
function expectedUntil(slot: ObservedSlot, { failures, refusals, now }: BudgetInput): number {
  const { name, state } = slot;
  switch (state) {
    case 'running':
      return isReady(slot) ? Infinity : patient(slot, now);
    case 'pending':
      return pendingUntil(slot, now);
    case 'leaving':
      return patient(slot, now);
    case 'ended':
    case 'absent': {
      const refused = refusals.some(({ what }) => what.toLowerCase().endsWith(`pod ${name}`));
      const record = failures.find((one) => one.pod === name);
      return !refused && earliestStart(record, now) <= now + SOON_MILLISECONDS ? Infinity : now;
    }
  }
}

function pendingUntil(slot: ObservedSlot, now: number): number {
  const blocker = findBlocker([slot], [])?.reason;
  return blocker === undefined || blocker === 'Unschedulable' ? patient(slot, now) : now;
}

/** Where nobody counts the time, it has just begun. */
function patient({ seenFor = 0 }: ObservedSlot, now: number): number {
  return now - seenFor + PATIENCE_MILLISECONDS;
}
