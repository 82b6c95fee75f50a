import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import { buildJob, pod, seen } from '../testing/builders.ts';
import { desiredSlots, podName } from '../job/names.ts';
import { plan } from './plan.ts';

const now = Date.parse('2026-01-03T00:00:00Z');
const MINUTE = 60_000;
const settings: ClusterSettings = { ...LOCAL_SETTINGS, disruptionBudget: true };
const job = buildJob({ workers: 8 });
const slots = desiredSlots(job);

type State = keyof typeof STATES;
const STATES = {
  ready: () => ({ phase: 'Running' }),
  'not ready for long': () => ({
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False' }],
  }),
  'no place for long': () => ({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
  }),
  'no place yet': () => ({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
  }),
  'no image': () => ({
    phase: 'Pending',
    containerStatuses: [
      {
        ...{ name: 'trainer', image: '', imageID: '', ready: false, restartCount: 0 },
        state: { waiting: { reason: 'ImagePullBackOff' } },
      },
    ],
  }),
  refused: () => undefined,
} satisfies Record<string, () => V1Pod['status']>;

/** How many of the pods that are ready a drain may evict at once. */
function movable(states: readonly State[], given = job): number {
  const pods = slots.flatMap((slot, index): V1Pod[] => {
    const status = STATES[states[index] ?? 'ready']();
    return status === undefined ? [] : [{ ...pod(given, slot), status }];
  });
  const refusals = slots
    .filter((_, index) => states[index] === 'refused')
    .map((slot) => ({ what: `create Pod ${podName(given, slot)}`, message: 'exceeded quota' }));
  const seenFor = new Map(
    slots.map((slot, index) => [
      `${slot.role}-${slot.index}-uid`,
      states[index]?.endsWith('for long') === true ? 60 * MINUTE : MINUTE,
    ]),
  );
  const { actions } = plan(given, { ...seen(pods), refusals, seenFor }, now, settings);
  const objects = actions.flatMap((action): KubernetesObject[] =>
    action.kind === 'apply' && action.object.kind === 'PodDisruptionBudget' ? [action.object] : [],
  );
  const { minAvailable } = objects[0]!['spec'] as { minAvailable: number };
  const ready = slots.filter((_, index) => (states[index] ?? 'ready') === 'ready').length;
  return ready - minAvailable;
}
const last = (count: number, state: State): State[] =>
  slots.map((_, index) => (index >= slots.length - count ? state : 'ready'));

describe('the disruption budget', () => {
  it.each(['no place for long', 'not ready for long', 'no image', 'refused'] as const)(
    'lets one pod be moved while others are stuck: %s',
    (state) => {
      for (const count of [0, 1, 2, 7, 8, 9]) expect(movable(last(count, state))).toBe(1);
    },
  );

  it('holds a drain up while a moved pod has its time to start again', () => {
    expect(movable(last(1, 'no place yet'))).toBe(0);
  });

  it('always lets one pod be moved when no pod is on its way', () => {
    const stuck = (Object.keys(STATES) as State[]).filter((state) => state !== 'no place yet');
    const states = fc.array(fc.constantFrom(...stuck), { minLength: slots.length, maxLength: slots.length });
    fc.assert(
      fc.property(states, (all) => {
        fc.pre(all.includes('ready'));
        expect(movable(all)).toBe(1);
      }),
    );
  });
});
