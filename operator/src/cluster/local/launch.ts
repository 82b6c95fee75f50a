/**
 * From a pod to a command line on this machine (pure): mount paths become directories, host names become Unix
 * sockets, the image's entry point becomes the trainer of this installation.
 */
import type { V1Container, V1Pod, V1Volume } from '../../kubernetes-types.ts';
import { WsiError } from '@wsi-operator/foundation';
import { join } from 'node:path';
import { slotOf, TRAINER_CONTAINER, type Slot } from '../../job/names.ts';
import { gpuVariables, type GpuAssignment } from './gpu-assignment.ts';

export interface LaunchContext {
  /** What a container without a command runs, before its arguments. */
  readonly entrypoint: readonly string[];
  readonly privateDirectory: string;
  readonly output: string;
  /** The environment that processes inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of a run that computes on GPUs. */
  readonly gpus?: GpuAssignment | undefined;
}

export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Made before the process starts. */
  readonly directories: readonly string[];
  readonly workingDirectory: string | undefined;
  readonly terminationFile: string;
  /** The process's own, as a pod has its own: what it leaves there when it is killed goes with it. */
  readonly temporaryDirectory: string;
}

/** What one role is given must not reach another through the inherited environment. */
const CONTRACT = [
  'WSI_JOB_FILE',
  'WSI_JOB_NAME',
  'WSI_REPLICA',
  'WSI_LISTEN',
  'WSI_COORDINATOR',
  'WSI_SERVERS',
  'WSI_OUTPUT',
  'WSI_TERMINATION_LOG',
  'WSI_DETAILS',
  // Each process has its own.
  'TMPDIR',
];

export function configMapDirectory(context: Pick<LaunchContext, 'privateDirectory'>, name: string): string {
  return join(context.privateDirectory, 'configmaps', name);
}

/** `unix:PATH` on which a place's process listens. */
export function socketAddress(context: Pick<LaunchContext, 'privateDirectory'>, slot: Slot): string {
  return `unix:${join(context.privateDirectory, `${slot.role.slice(0, 1)}${slot.index}.sock`)}`;
}

export function launchOf(pod: V1Pod, context: LaunchContext): Launch {
  const name = pod.metadata?.name ?? '';
  const container = pod.spec?.containers.find((candidate) => candidate.name === TRAINER_CONTAINER);
  const slot = slotOf(pod);
  if (container === undefined || slot === undefined) {
    throw new WsiError('InvalidManifest', `has no container "${TRAINER_CONTAINER}"`, {
      where: `pod ${name}`,
    });
  }
  const terminationFile = join(context.privateDirectory, `${name}.termination`);
  const temporaryDirectory = join(context.privateDirectory, 'tmp', name);
  const paths = mountedPaths(pod, container, context);
  if (container.terminationMessagePath !== undefined) {
    paths.push([container.terminationMessagePath, terminationFile]);
  }
  const local = (text: string): string => localPath(text, paths);
  const [command, ...rest] = [...(container.command ?? context.entrypoint), ...(container.args ?? [])].map(
    local,
  );
  if (command === undefined) {
    throw new WsiError('InvalidManifest', 'has nothing to run', { where: `pod ${name}` });
  }
  return {
    command,
    arguments: rest,
    environment: { TMPDIR: temporaryDirectory, ...environmentOf(container, slot, context, local) },
    // A host's own directory is not made: a missing one is the user's mistake, and shows as such.
    directories: paths
      .map(([, directory]) => directory)
      .filter((path) => path !== terminationFile && isWithin(path, context)),
    workingDirectory: container.workingDir === undefined ? undefined : local(container.workingDir),
    terminationFile,
    temporaryDirectory,
  };
}

function environmentOf(
  container: V1Container,
  slot: Slot,
  context: LaunchContext,
  local: (text: string) => string,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.environment)) {
    if (value !== undefined && !CONTRACT.includes(name)) variables[name] = value;
  }
  Object.assign(variables, gpuVariables(context.gpus, slot));
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom !== undefined) {
      throw new WsiError('InvalidManifest', 'valueFrom needs a cluster; give a value', {
        where: `${slot.role} template, environment variable ${name}`,
      });
    }
    const text = value ?? '';
    if (name === 'WSI_LISTEN') variables[name] = socketAddress(context, slot);
    else if (name === 'WSI_COORDINATOR' || name === 'WSI_SERVERS')
      variables[name] = localAddresses(text, context);
    else variables[name] = local(text);
  }
  // The process ends when its standard input does: so it does not outlive a parent that was killed.
  variables['WSI_PARENT_PIPE'] = '1';
  // The run is the user's own: so are its logs and its terminal.
  variables['WSI_DETAILS'] = 'shown';
  return variables;
}

/** `JOB-server-1.JOB.NAMESPACE.svc:7070,...` -> `unix:.../s1.sock,...` */
export function localAddresses(list: string, context: Pick<LaunchContext, 'privateDirectory'>): string {
  if (list === '') return '';
  return list
    .split(',')
    .map((address) => {
      const match = /^[^.:]*-(coordinator|server|worker)-(\d+)[.:]/.exec(address);
      if (match === null) return address;
      return socketAddress(context, { role: match[1] as Slot['role'], index: Number(match[2]) });
    })
    .join(',');
}

type PathPair = readonly [mounted: string, directory: string];

function mountedPaths(pod: V1Pod, container: V1Container, context: LaunchContext): PathPair[] {
  const volumes = new Map((pod.spec?.volumes ?? []).map((volume) => [volume.name, volume]));
  return (container.volumeMounts ?? []).map((mount) => {
    const volume = volumes.get(mount.name);
    if (volume === undefined) {
      throw new WsiError('InvalidManifest', `mounts "${mount.name}", which is not among its volumes`, {
        where: `pod ${pod.metadata?.name ?? ''}`,
      });
    }
    const directory = volumeDirectory(volume, pod.metadata?.name ?? '', context);
    return [mount.mountPath, mount.subPath === undefined ? directory : join(directory, mount.subPath)];
  });
}

function volumeDirectory(volume: V1Volume, pod: string, context: LaunchContext): string {
  if (volume.name === 'output') return context.output;
  if (volume.configMap?.name !== undefined) return configMapDirectory(context, volume.configMap.name);
  if (volume.hostPath !== undefined) return volume.hostPath.path;
  if (volume.persistentVolumeClaim !== undefined) {
    return join(context.output, 'volumes', volume.persistentVolumeClaim.claimName);
  }
  if (volume.emptyDir !== undefined) return join(context.privateDirectory, 'volumes', pod, volume.name);
  throw new WsiError('InvalidManifest', 'is of a kind that needs a cluster', {
    where: `volume ${volume.name} of pod ${pod}`,
    remedy: 'On this machine use hostPath, persistentVolumeClaim, emptyDir or configMap.',
  });
}

function isWithin(path: string, context: LaunchContext): boolean {
  return [context.output, context.privateDirectory].some((own) => path === own || path.startsWith(`${own}/`));
}

function localPath(text: string, paths: readonly PathPair[]): string {
  // The longest mount wins, as in a container.
  const match = paths
    .filter(([mounted]) => text === mounted || text.startsWith(`${mounted}/`))
    .sort(([a], [b]) => b.length - a.length)[0];
  return match === undefined ? text : match[1] + text.slice(match[0].length);
}
