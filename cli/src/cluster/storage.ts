/** The volume of a job's output, as the spec names it (pure). */
import type { WsiTrainingJob } from '@wsi-operator/api';

export interface OutputClaim {
  readonly name: string;
  /** False: it is deleted with the job. */
  readonly stays: boolean;
}

/** The PersistentVolumeClaim of the output; undefined when `spec.storage.output` says nothing of one. */
export function outputClaim(job: WsiTrainingJob): OutputClaim | undefined {
  const output = job.spec.storage.output;
  if (output?.claimName !== undefined) return { name: output.claimName, stays: true };
  if (output?.size === undefined) return undefined;
  return { name: `${job.metadata.name}-output`, stays: output.retain };
}
