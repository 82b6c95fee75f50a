import { describe, expect, test } from '@jest/globals';
import { admitted, FULL, job, plan, running, workload, a100, spot, WORKER } from './testing/kueue.ts';
import type { Workload } from './kueue-workload.ts';
import { topologyProblem } from './kueue-topology.ts';
import { buildPod } from '../objects/pods.ts';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Slot } from '../job/names.ts';
import type { V1Pod } from '../kubernetes-types.ts';

const RACK = 'cloud.provider.com/topology-rack';
const key = (name: string): string => `kueue.x-k8s.io/podset-${name}`;
const asking = (annotations: Record<string, string>, workers = 2): WsiTrainingJob =>
  job({ workers, templates: { worker: { metadata: { annotations } } } });
const setsOf = (given: WsiTrainingJob): Workload['spec']['podSets'] => workload(given).spec.podSets;
const required = asking({ [key('required-topology')]: RACK });

/** Admitted, with nodes chosen for the workers. */
function placed(given: WsiTrainingJob): Workload {
  const status = admitted(FULL);
  const { podSetAssignments = [] } = status.admission!;
  const assignments = podSetAssignments.map((one) =>
    one.name === 'worker' ? { ...one, topologyAssignment: { levels: [RACK], slices: [] } } : one,
  );
  return workload(given, { ...status, admission: { podSetAssignments: assignments } });
}
const decorated = (given: WsiTrainingJob, objects: Workload[], slot: Slot): V1Pod =>
  plan(given, [...objects, spot, a100], running(given)).decorate(buildPod(given, slot, LOCAL_SETTINGS), slot);

describe('the topology that a template asks for', () => {
  test.each([
    [{ [key('required-topology')]: RACK }, { required: RACK }],
    [{ [key('preferred-topology')]: RACK }, { preferred: RACK }],
    [{ [key('unconstrained-topology')]: 'true' }, { unconstrained: true }],
    [
      { [key('slice-required-topology')]: RACK, [key('slice-size')]: '2' },
      { podSetSliceRequiredTopology: RACK, podSetSliceSize: 2 },
    ],
    [
      { [key('preferred-topology')]: RACK, [key('group-name')]: 'together' },
      { preferred: RACK, podSetGroupName: 'together' },
    ],
  ])('%j becomes the request of its pod set, and of no other', (annotations, request) => {
    const sets = setsOf(asking(annotations));
    expect(sets.map(({ topologyRequest }) => topologyRequest)).toEqual([
      undefined,
      undefined,
      { ...request, podIndexLabel: 'wsi.dev/replica' },
    ]);
  });

  test.each([
    [{ [key('required-topology')]: RACK, [key('preferred-topology')]: RACK }, 'only one of'],
    [{ [key('required-topology')]: 'not a label!' }, 'must be a label of nodes'],
    [{ [key('preferred-topology')]: `example.org/${'x'.repeat(60)}` }, 'at most 63 characters'],
    [{ [key('unconstrained-topology')]: 'yes' }, 'must be true or false'],
    [{ [key('slice-required-topology')]: RACK }, 'need each other'],
    [{ [key('slice-required-topology')]: RACK, [key('slice-size')]: '3' }, 'from 1 to the number of pods, 2'],
    [{ [key('slice-required-topology')]: RACK, [key('slice-size')]: '0' }, 'from 1 to'],
    [{ [key('group-name')]: 'x' }, 'needs'],
    [{ [key('slice-required-topology-constraints')]: '[]' }, 'is not supported'],
  ])('%j is refused: %s', (annotations, said) => {
    expect(topologyProblem(annotations, 'worker', 2)).toContain(said);
    const { objects, admission } = plan(asking(annotations));
    expect(objects).toEqual([]);
    expect(admission).toMatchObject({ kind: 'unavailable', message: expect.stringContaining(said) });
  });

  test('has its pods wait behind the gate that Kueue opens, found by number', () => {
    const pod = decorated(required, [placed(required)], WORKER);
    expect(pod.spec?.schedulingGates).toEqual([{ name: 'kueue.x-k8s.io/topology' }]);
    expect(pod.metadata?.annotations).toMatchObject({
      [key('required-topology')]: RACK,
      'kueue.x-k8s.io/workload': 'lung',
    });
    expect(pod.metadata?.annotations).not.toHaveProperty(key('unconstrained-topology'));
    expect(pod.metadata?.labels).toMatchObject({ 'kueue.x-k8s.io/podset': 'worker', 'wsi.dev/replica': '0' });
    // No nodes are chosen for it.
    const coordinator = decorated(required, [placed(required)], { role: 'coordinator', index: 0 });
    expect(coordinator.spec?.schedulingGates).toBeUndefined();
  });

  test('of a queue with a topology is anywhere in it where nothing is asked for', () => {
    const given = job();
    const pod = decorated(given, [placed(given)], WORKER);
    expect(pod.spec?.schedulingGates).toHaveLength(1);
    expect(pod.metadata?.annotations?.[key('unconstrained-topology')]).toBe('true');
  });

  test('is one for all workers: none is admitted apart from the others', () => {
    expect(setsOf(required)[2]).not.toHaveProperty('minCount');
    expect(setsOf(asking({ [key('preferred-topology')]: RACK }))[2]).toHaveProperty('minCount', 1);
    const more = asking({ [key('required-topology')]: RACK }, 3);
    const grown = plan(more, [placed(required), spot, a100], running(required));
    expect(grown.admission).toMatchObject({ kind: 'evicted', reason: 'PodsChanged' });
    expect(grown.objects).toEqual([]);
    const fewer = asking({ [key('required-topology')]: RACK }, 1);
    expect(plan(fewer, [placed(required), spot, a100], running(required)).admission.kind).toBe('admitted');
  });
});
