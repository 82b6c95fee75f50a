/** Where the coordinator's output directory is: a claim that is made for it, one that exists, or nowhere to last. */
import { OUTPUT_VOLUME, parseQuantity, type WsiTrainingJob } from '@wsi-operator/api';
import type { KubernetesObject, V1PersistentVolumeClaim, V1Volume } from '../kubernetes-types.ts';
import { jobLabels, looseMetadata, outputClaimName, ownedMetadata } from '../job/names.ts';

/** The claim of `storage.output.size`; without an owner when it is to outlive the job. */
export function outputClaim(job: WsiTrainingJob): KubernetesObject | undefined {
  const { output } = job.spec.storage;
  if (output?.size === undefined) return undefined;
  const metadata = (output.retain ? looseMetadata : ownedMetadata)(job, outputClaimName(job), jobLabels(job));
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
    spec: {
      accessModes: [...output.accessModes],
      resources: { requests: { storage: String(output.size) } },
      ...(output.storageClassName === undefined ? {} : { storageClassName: output.storageClassName }),
    },
  } satisfies V1PersistentVolumeClaim;
}

/** What a claim asks for, in bytes; 0 when it does not say. */
export function requestedBytes(claim: KubernetesObject): number {
  const spec = claim['spec'] as V1PersistentVolumeClaim['spec'];
  const requested = spec?.resources?.requests?.['storage'];
  return requested === undefined ? 0 : parseQuantity(requested);
}

/** The coordinator's output volume. `storage.output` goes before a template's volume of the same name. */
export function outputVolume(job: WsiTrainingJob, users: readonly V1Volume[]): V1Volume {
  const { output } = job.spec.storage;
  if (output !== undefined) {
    const claimName = output.claimName ?? outputClaimName(job);
    return { name: OUTPUT_VOLUME, persistentVolumeClaim: { claimName } };
  }
  return users.find(({ name }) => name === OUTPUT_VOLUME) ?? { name: OUTPUT_VOLUME, emptyDir: {} };
}

/** False when checkpoints and results are lost with the coordinator's pod. */
export function outputPersists(job: WsiTrainingJob): boolean {
  const volumes = (job.spec.coordinator.template.spec?.volumes ?? []) as unknown as readonly V1Volume[];
  return outputVolume(job, volumes).emptyDir === undefined;
}
