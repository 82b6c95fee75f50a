/** Where a job's checkpoint is, and whether it is still there when the job is not (pure). */
import { outputClaim } from './storage.ts';
import type { StoredJob } from './wire.ts';

export interface CheckpointPlace {
  /** As a sentence. */
  readonly text: string;
  /** False: it goes with the job or its pods. */
  readonly stays: boolean;
}

interface WithVolumes {
  readonly spec?: { readonly volumes?: readonly Readonly<Record<string, unknown>>[] };
}

export function checkpointPlace(job: StoredJob): CheckpointPlace {
  const step = job.status?.checkpoint?.step;
  if (step === undefined) return { text: 'There is no checkpoint yet.', stays: true };
  const checkpoint = `The checkpoint after step ${step}`;
  const claim = outputClaim(job);
  if (claim !== undefined) {
    const place = `PersistentVolumeClaim ${claim.name} of namespace ${job.metadata.namespace ?? 'default'}`;
    return claim.stays
      ? { text: `${checkpoint} stays in the ${place}.`, stays: true }
      : { text: `${checkpoint} goes with the ${place}, which is deleted with the job.`, stays: false };
  }
  const template = job.spec.coordinator.template as WithVolumes;
  const volume = template.spec?.volumes?.find(({ name }) => name === 'output');
  if (volume !== undefined && volume['emptyDir'] === undefined) {
    const kind = Object.keys(volume).find((name) => name !== 'name') ?? 'volume';
    return { text: `${checkpoint} stays in the coordinator's volume "output" (${kind}).`, stays: true };
  }
  return {
    text: `${checkpoint} is in the coordinator's pod and goes with it (spec.storage.output keeps it elsewhere).`,
    stays: false,
  };
}
