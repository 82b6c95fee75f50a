/** Whether a cluster can run on this machine, with all obstacles reported at once and before anything is built or changed. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { attempt } from '../command.ts';
import type { Possibility } from '../provider.ts';
import { BRIDGE, conflictingRoutes } from './addresses.ts';
import { hierarchies } from './process-group.ts';

const NEEDED_CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];
/** Needed memory for two nodes with nothing on them, with room for some pods. */
const NEEDED_BYTES = 3e9;

export async function canRunHere(): Promise<Possibility> {
  if (process.platform !== 'linux') {
    return { ok: false, reasons: [`it needs Linux, and this is ${process.platform}`] };
  }
  if (process.getuid?.() !== 0) {
    return { ok: false, reasons: ['it needs root: namespaces, mounts and control groups are made'] };
  }
  const reasons = [
    ...controlGroupReasons(),
    ...memoryReasons(readFileSync('/proc/meminfo', 'utf8')),
    ...(await fileSystemReasons()),
    ...(await networkReasons()),
  ];
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons };
}

function controlGroupReasons(): string[] {
  const found = hierarchies();
  if (found.length === 0) return ['no control groups are mounted at /sys/fs/cgroup'];
  const readOnly = found.filter((hierarchy) => !isWritable(hierarchy));
  if (readOnly.length > 0) return [`control groups are read-only: ${readOnly.join(', ')}`];
  const missing = NEEDED_CONTROLLERS.filter(
    (controller) => !found.some((at) => hasController(at, controller)),
  );
  return missing.length === 0 ? [] : [`control groups lack the controllers ${missing.join(', ')}`];
}

function hasController(hierarchy: string, controller: string): boolean {
  const list = `${hierarchy}/cgroup.controllers`;
  if (existsSync(list)) return readFileSync(list, 'utf8').split(/\s/).includes(controller);
  return hierarchy.split('/').at(-1)!.split(',').includes(controller);
}

export function memoryReasons(meminfo: string): string[] {
  const available = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? Infinity) * 1024;
  if (available >= NEEDED_BYTES) return [];
  return [
    `it needs ${NEEDED_BYTES / 1e9} GB of memory, and ${(available / 1e9).toFixed(1)} GB are available`,
  ];
}

/** Tried for real, in namespaces that are gone right after: permissions alone are not enough. */
async function fileSystemReasons(): Promise<string[]> {
  const script = `
    mount -t tmpfs none /mnt
    mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged
    mount -t overlay none -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged`;
  const { code, stderr } = await attempt('unshare', [
    ...['--mount', '--propagation', 'private', '/bin/sh', '-ec', script],
  ]).catch((error: unknown) => ({ code: 1, stderr: String(error) }));
  return code === 0 ? [] : [`a layered file system (overlayfs) can not be mounted: ${stderr.trim()}`];
}

async function networkReasons(): Promise<string[]> {
  const script = `
    ip link add probe0 type bridge
    ip link add probe1 type veth peer name probe2
    ip link set probe1 master probe0
    echo 1 > /proc/sys/net/ipv4/ip_forward`;
  const { code, stderr } = await attempt('unshare', ['--net', '/bin/sh', '-ec', script]).catch(
    (error: unknown) => ({ code: 1, stderr: String(error) }),
  );
  if (code !== 0) return [`network interfaces can not be made: ${stderr.trim()}`];
  const { stdout } = await attempt('ip', ['-json', '-4', 'route', 'show', 'table', 'all']);
  const routes = JSON.parse(stdout) as { dst?: string; dev?: string }[];
  const foreign = conflictingRoutes(
    routes.filter(({ dev }) => dev !== BRIDGE).flatMap(({ dst }) => (dst === undefined ? [] : [dst])),
  );
  return foreign.length === 0
    ? []
    : [`networks of the cluster are in use here: ${[...new Set(foreign)].join(', ')}`];
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
