/** What of a job works on this machine and not in a cluster: paths that no pod can see (pure). */
import { posix } from 'node:path';
import { dataPaths, type DataPath, type PodTemplate, type WsiTrainingJob } from '@wsi-operator/api';

/** The parts of a pod template that say where its volumes are. */
interface Mounting {
  readonly spec?: {
    readonly containers?: readonly {
      readonly name?: string;
      readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string }[];
    }[];
    readonly volumes?: readonly { readonly name?: string }[];
  };
}

/** A template that names this volume keeps the output there. */
const OUTPUT_VOLUME = 'output';

/** @param existsHere whether a path is there on this machine */
export function pathWarnings(job: WsiTrainingJob, existsHere: (path: string) => boolean): string[] {
  return [...dataPaths(job.spec).flatMap((of) => unreadable(job, of, existsHere)), ...outputWarnings(job)];
}

function unreadable(
  job: WsiTrainingJob,
  { field, path, readers }: DataPath,
  existsHere: (path: string) => boolean,
): string[] {
  if (isUrl(path)) return [];
  const here = existsHere(path) ? ', although it is on this machine' : '';
  if (!posix.isAbsolute(path)) {
    // Relative paths are taken from the mount of the data.
    if (job.spec.storage.data !== undefined) return [];
    return [
      `${field}: ${path} is a relative path, which means nothing in a pod${here}. ` +
        'Give the path below the mount of spec.storage.data, or s3://BUCKET/KEY.',
    ];
  }
  const roles = readers.filter((role) => !mounts(job, role).some((mount) => isBelow(path, mount)));
  if (roles.length === 0) return [];
  return [
    `${field}: no volume of the ${roles.join(' and the ')} is mounted at ${path}${here}. ` +
      'Give spec.storage.data.claimName with a mountPath above it, a volume in the template, or s3://BUCKET/KEY.',
  ];
}

/** Whether a path of the cohort is on a volume of the job's pods; relative ones are taken from the mount of the data. */
export function isMounted(job: WsiTrainingJob, path: string): boolean {
  if (isUrl(path)) return false;
  if (!posix.isAbsolute(path)) return job.spec.storage.data !== undefined;
  const all = (['coordinator', 'workers'] as const).flatMap((role) => mounts(job, role));
  return all.some((mount) => isBelow(path, mount));
}

function mounts(job: WsiTrainingJob, role: 'coordinator' | 'workers'): string[] {
  const containers = mounting(job.spec[role].template).spec?.containers ?? [];
  const own = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ mountPath }) => mountPath));
  const data = job.spec.storage.data;
  return [...own, ...(data === undefined ? [] : [data.mountPath])].filter((path) => path !== undefined);
}

function outputWarnings(job: WsiTrainingJob): string[] {
  if (keepsOutput(job)) return [];
  return [
    'spec.storage.output: not given, so checkpoints and results are lost with the coordinator’s pod. ' +
      'Give a claimName, or a size to have a claim made.',
  ];
}

/** Whether the coordinator's output outlives its pod. */
export function keepsOutput(job: WsiTrainingJob): boolean {
  const volumes = mounting(job.spec.coordinator.template).spec?.volumes ?? [];
  return job.spec.storage.output !== undefined || volumes.some(({ name }) => name === OUTPUT_VOLUME);
}

function mounting(template: PodTemplate): Mounting {
  return template;
}

function isUrl(path: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path);
}

function isBelow(path: string, directory: string): boolean {
  const relative = posix.relative(directory, path);
  return !relative.startsWith('../') && relative !== '..';
}
