/**
 * The coscheduling plug-in of scheduler-plugins: a PodGroup and a label. There is no queue: pods exist from the start
 * and the scheduler binds none of them until the minimum fits. It runs in a scheduler of its own or in the default one;
 * which one it is, the administrator says (`coschedulingSchedulerName`) or the template (`schedulerName`).
 */
import { jobLabels, jobName, ownedMetadata, replicasOf } from '../names.ts';
import type { KubernetesObject } from '../../kubernetes-types.ts';
import { apiVersionOf, type GangPlan, type GangWorld } from './gang.ts';
import { minimumCount, minimumResources } from './minimum.ts';

/** The name that scheduler-plugins' own installation gives its second scheduler. */
export const COSCHEDULING_SCHEDULER = 'scheduler-plugins-scheduler';
const GROUP_LABEL = 'scheduling.x-k8s.io/pod-group';

export function planCoscheduling(world: GangWorld): GangPlan {
  const { job, settings } = world;
  const scheduler = settings.coschedulingSchedulerName ?? COSCHEDULING_SCHEDULER;
  return {
    objects: [podGroup(world)],
    actions: [],
    admission: { kind: 'admitted' },
    allAtOnce: true,
    workers: replicasOf(job, 'worker'),
    decorate: (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, [GROUP_LABEL]: jobName(job) } },
      spec: { containers: [], ...pod.spec, schedulerName: pod.spec?.schedulerName ?? scheduler },
    }),
  };
}

function podGroup({ job, settings }: GangWorld): KubernetesObject {
  const minResources = minimumResources(job, settings);
  return {
    apiVersion: apiVersionOf('coscheduling'),
    kind: 'PodGroup',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      minMember: minimumCount(job),
      ...(Object.keys(minResources).length === 0 ? {} : { minResources }),
    },
  };
}
