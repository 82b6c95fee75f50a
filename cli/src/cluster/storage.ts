/** The volumes of a job, as the spec names them (pure). */
import type { WsiTrainingJob } from '@wsi/api';

export interface JobStorage {
  readonly data?: { readonly claimName?: string; readonly mountPath?: string };
  readonly output?: { readonly claimName?: string; readonly size?: string; readonly retain?: boolean };
}

export function storageOf(job: WsiTrainingJob): JobStorage {
  return (job.spec as { readonly storage?: JobStorage }).storage ?? {};
}

/** The PersistentVolumeClaim of the output; undefined when `spec.storage.output` says nothing of one. */
export function outputClaim(job: WsiTrainingJob): string | undefined {
  const { output } = storageOf(job);
  return output?.claimName ?? (output?.size === undefined ? undefined : `${job.metadata.name}-output`);
}
