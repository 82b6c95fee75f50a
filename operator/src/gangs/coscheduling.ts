/**
 * The coscheduling plug-in of scheduler-plugins: a PodGroup and a label. There is no queue: pods exist from the start
 * and the scheduler binds none of them until the minimum fits. It runs in a scheduler of its own or in the default one;
 * which one it is, the administrator says (`coschedulingSchedulerName`) or the template (`schedulerName`).
 */
import { jobLabels, jobName, ownedMetadata, replicasOf } from '../job/names.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import { alivePods, apiVersionOf, type GangPlan, type GangInput } from './gang.ts';
import { minimumCount } from './minimum.ts';

/** The name that scheduler-plugins' own installation gives its second scheduler. */
export const COSCHEDULING_SCHEDULER = 'scheduler-plugins-scheduler';
const GROUP_LABEL = 'scheduling.x-k8s.io/pod-group';

export function planCoscheduling(input: GangInput): GangPlan {
  const { job, settings, now } = input;
  const scheduler = settings.coschedulingSchedulerName ?? COSCHEDULING_SCHEDULER;
  return {
    objects: [podGroup(input)],
    actions: [],
    admission: { kind: 'admitted' },
    allAtOnce: true,
    workers: replicasOf(job, 'worker'),
    ...(isWaiting(input) ? { due: now - (now % NUDGE_MILLISECONDS) + NUDGE_MILLISECONDS } : {}),
    decorate: (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, [GROUP_LABEL]: jobName(job) } },
      spec: { containers: [], ...pod.spec, schedulerName: pod.spec?.schedulerName ?? scheduler },
    }),
  };
}

/** Every so often a group that waits for room is touched. */
const NUDGE_MILLISECONDS = 30_000;
const NUDGE_ANNOTATION = 'wsi.dev/last-nudge';

/**
 * The plug-in tries a group that it has turned away again when a pod is added or the PodGroup changes, or after five
 * minutes; not when room appears (seen with scheduler-plugins 0.34). So the PodGroup changes while pods wait. No
 * `minResources`: the plug-in would check them against a room of its own reckoning, and turn pods away in the same way.
 */
function podGroup(input: GangInput): KubernetesObject {
  const { job, now } = input;
  const metadata = ownedMetadata(job, jobName(job), jobLabels(job));
  const nudge = new Date(now - (now % NUDGE_MILLISECONDS)).toISOString();
  return {
    apiVersion: apiVersionOf('coscheduling'),
    kind: 'PodGroup',
    metadata: { ...metadata, ...(isWaiting(input) ? { annotations: { [NUDGE_ANNOTATION]: nudge } } : {}) },
    spec: { minMember: minimumCount(job) },
  };
}

/** A pod has no node yet. */
function isWaiting({ observed }: GangInput): boolean {
  return alivePods(observed).some(({ spec }) => (spec?.nodeName ?? '') === '');
}
