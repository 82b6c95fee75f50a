/** The volumes of a pod: the user's, and the operator's own over them. */
import { OUTPUT_MOUNT, OUTPUT_VOLUME, OWN_MOUNTS, OWN_VOLUMES, type WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { V1Container, V1Volume, V1VolumeMount } from '../kubernetes-types.ts';
import { certificateSecretName, configMapName, type Slot } from '../job/names.ts';
import { outputVolume } from './output-claim.ts';

const VOLUMES: readonly string[] = Object.values(OWN_VOLUMES);
const MOUNTS: readonly string[] = Object.values(OWN_MOUNTS);

/** Readable for the group, which `fsGroup` makes the process' own, and for all where we name none. */
function secretMode({ restricted, podIdentity }: ClusterSettings): number {
  return restricted && podIdentity === 'fixed' ? 0o440 : 0o444;
}

export function podVolumes(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  users: readonly V1Volume[],
): V1Volume[] {
  const writesOutput = slot.role === 'coordinator';
  const replaced = writesOutput ? [...VOLUMES, OUTPUT_VOLUME] : VOLUMES;
  return [
    ...users.filter(({ name }) => !replaced.includes(name)),
    { name: OWN_VOLUMES.job, configMap: { name: configMapName(job) } },
    ...(settings.certificates ? [tlsVolume(job, slot, settings)] : []),
    ...dataVolumes(job, slot),
    ...(writesOutput ? [outputVolume(job, users)] : []),
  ];
}

/** The mounts of the trainer's container; a mount of the user's for the same path goes before ours. */
export function trainerMounts(
  job: WsiTrainingJob,
  slot: Slot,
  settings: ClusterSettings,
  base: Partial<V1Container> | undefined,
): V1VolumeMount[] {
  // A template that clashes is refused; one that was stored before gets what the role cannot do without.
  const users = (base?.volumeMounts ?? []).filter(
    ({ name, mountPath }) => !VOLUMES.includes(name) && !MOUNTS.includes(mountPath),
  );
  const { data } = job.spec.storage;
  const taken = new Set(users.map(({ mountPath }) => mountPath));
  const mounts: V1VolumeMount[] = [
    ...users,
    { name: OWN_VOLUMES.job, mountPath: OWN_MOUNTS.job, readOnly: true },
  ];
  if (settings.certificates)
    mounts.push({ name: OWN_VOLUMES.certificates, mountPath: OWN_MOUNTS.certificates, readOnly: true });
  if (data !== undefined && readsSlides(slot) && !taken.has(data.mountPath)) {
    mounts.push({ name: OWN_VOLUMES.data, mountPath: data.mountPath, readOnly: data.readOnly });
  }
  if (slot.role === 'coordinator' && !users.some(isOutput)) {
    mounts.push({ name: OUTPUT_VOLUME, mountPath: OUTPUT_MOUNT });
  }
  return mounts;
}

function isOutput({ name, mountPath }: V1VolumeMount): boolean {
  return name === OUTPUT_VOLUME || mountPath === OUTPUT_MOUNT;
}

/** Where the coordinator writes: a template may mount the output elsewhere. */
export function outputPath(base: Partial<V1Container> | undefined): string {
  return base?.volumeMounts?.find(({ name }) => name === OUTPUT_VOLUME)?.mountPath ?? OUTPUT_MOUNT;
}

/** A role gets its own certificate and no other's. */
function tlsVolume(job: WsiTrainingJob, { role }: Slot, settings: ClusterSettings): V1Volume {
  return {
    name: OWN_VOLUMES.certificates,
    secret: {
      secretName: certificateSecretName(job),
      defaultMode: secretMode(settings),
      items: [
        { key: 'ca.crt', path: 'ca.crt' },
        { key: `${role}.crt`, path: 'tls.crt' },
        { key: `${role}.key`, path: 'tls.key' },
      ],
    },
  };
}

function dataVolumes(job: WsiTrainingJob, slot: Slot): V1Volume[] {
  const { data } = job.spec.storage;
  if (data === undefined || !readsSlides(slot)) return [];
  const { claimName, readOnly } = data;
  return [{ name: OWN_VOLUMES.data, persistentVolumeClaim: { claimName, readOnly } }];
}

/** Servers hold parameters and never see a slide. */
function readsSlides({ role }: Slot): boolean {
  return role !== 'server';
}
