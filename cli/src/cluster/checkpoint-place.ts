/** Where a job's checkpoint is, and whether it is still there when the job is not (pure). */
import { storageOf } from './storage.ts';
import type { StoredJob } from './wire.ts';

export interface CheckpointPlace {
  /** As a sentence. */
  readonly text: string;
  /** False: it goes with the job or its pods. */
  readonly stays: boolean;
}

export function checkpointPlace(job: StoredJob): CheckpointPlace {
  const { metadata, spec, status } = job;
  const step = status?.checkpoint?.step;
  if (step === undefined) return { text: 'There is no checkpoint yet.', stays: true };
  const checkpoint = `The checkpoint after step ${step}`;
  const namespace = metadata.namespace ?? 'default';
  const { output } = storageOf(job);
  if (output?.claimName !== undefined) {
    return {
      text: `${checkpoint} stays in the PersistentVolumeClaim ${output.claimName} of namespace ${namespace}.`,
      stays: true,
    };
  }
  if (output?.size !== undefined) {
    const claim = `PersistentVolumeClaim ${metadata.name}-output of namespace ${namespace}`;
    return output.retain === false
      ? { text: `${checkpoint} goes with the ${claim}, which is deleted with the job.`, stays: false }
      : { text: `${checkpoint} stays in the ${claim}.`, stays: true };
  }
  const template = spec.coordinator.template as {
    readonly spec?: { readonly volumes?: readonly Readonly<Record<string, unknown>>[] };
  };
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
