/**
 * One PodDisruptionBudget for all roles of a job: of its pods, one at a time may be moved by a drain. Each of them is
 * replaced without losing the run, but with all of them gone at once nothing would be left to go on from but the last
 * checkpoint. Pods that are not ready may go at any time: they must not hold up a drain.
 */
import type { WsiTrainingJob } from '@wsi/api';
import type { KubernetesObject, V1PodDisruptionBudget } from '../kubernetes-types.ts';
import { jobLabels, jobName, LABELS, ownedMetadata } from './names.ts';

/** @param pods how many pods the job is to have. A number and not `maxUnavailable`, which needs a known controller. */
export function disruptionBudget(job: WsiTrainingJob, pods: number): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      minAvailable: Math.max(1, pods - 1),
      selector: { matchLabels: { [LABELS.job]: jobName(job) } },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  } satisfies V1PodDisruptionBudget;
}
