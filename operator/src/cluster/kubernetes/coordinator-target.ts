/** Where a job's coordinator can be asked for its progress, and what it leaves behind when it has finished. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { TlsPem } from '@wsi-operator/protocol';
import { finalProgress, lastWordOf } from '../../plan/last-word.ts';
import { address, podName, RPC_PORT, type Slot } from '../../job/names.ts';
import { trainerEnd } from '../../job/snapshot.ts';
import type { CoordinatorTarget } from '../../progress/progress-poller.ts';
import type { TrainingProgress } from '../../plan/training-progress.ts';
import type { CachedPod } from './trim.ts';

const SLOT: Slot = { role: 'coordinator', index: 0 };

export function coordinatorPod(job: WsiTrainingJob, pods: readonly CachedPod[]): CachedPod | undefined {
  const name = podName(job, SLOT);
  return pods.find((pod) => pod.metadata.name === name);
}

/** Undefined while there is nobody to ask. The pod is dialled by its address: the operator need not resolve names. */
export function coordinatorTarget(
  job: WsiTrainingJob,
  pod: CachedPod | undefined,
  pem: TlsPem | undefined,
): CoordinatorTarget | undefined {
  const ip = pod?.status?.podIP;
  if (pod?.status?.phase !== 'Running' || ip === undefined || ip === '') return undefined;
  return {
    address: `${ip.includes(':') ? `[${ip}]` : ip}:${RPC_PORT}`,
    serverName: address(job, SLOT).replace(/:\d+$/, ''),
    ...(pem === undefined ? {} : { pem }),
  };
}

/**
 * The last word of a coordinator that has finished: its termination message, which the API server keeps with the pod
 * (up to 4096 bytes). Nobody may have asked between its last step and its end. The container's end counts, as it does
 * for the end of the run: the pod may be called Running for a while yet, or for as long as a sidecar runs.
 */
export function lastProgress(pod: CachedPod | undefined, epochs: number): TrainingProgress | undefined {
  const ended = trainerEnd(pod);
  if (ended?.exitCode !== 0) return undefined;
  const { result } = lastWordOf(ended.message);
  return result && finalProgress(result, epochs);
}
