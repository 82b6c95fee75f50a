/**
 * The cluster's control groups. Every process of it, daemons and containers alike, lives in the tree `wsi-cluster`, so
 * that all of them are found and ended even when nobody remembers their numbers.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';

export const CLUSTER_GROUP = 'wsi-cluster';
/** Of the daemons; containers are under `wsi-cluster/NODE`, where kubelet puts them. */
export const DAEMON_GROUP = `${CLUSTER_GROUP}/daemons`;

const KILL_SECONDS = 30;
const POLL_MILLISECONDS = 50;

/**
 * Where control groups are: one folder with version 2; with version 1 one for each controller, and often one of version
 * 2 beside them, in which containers are entered too.
 */
export function hierarchies(mounts = readFileSync('/proc/self/mounts', 'utf8')): string[] {
  const entries = mounts.split('\n').map((line) => line.split(' '));
  const version2 = entries.find(([, at, type]) => type === 'cgroup2' && at === '/sys/fs/cgroup');
  if (version2 !== undefined) return ['/sys/fs/cgroup'];
  return entries.flatMap(([, at, type]) => (type?.startsWith('cgroup') && at !== undefined ? [at] : []));
}

/** Makes a group, such as `wsi-cluster/node1`, and its parents, in every hierarchy. */
export function makeGroup(group: string): void {
  for (const hierarchy of hierarchies()) {
    let directory = hierarchy;
    for (const part of group.split('/')) {
      delegateControllers(directory);
      directory = join(directory, part);
      mkdirSync(directory, { recursive: true });
      inheritProcessors(directory);
    }
  }
}

/** Version 2: a group has the controllers that its parent hands down. */
function delegateControllers(directory: string): void {
  const available = join(directory, 'cgroup.controllers');
  if (!existsSync(available)) return;
  const controllers = readFileSync(available, 'utf8').trim().split(' ').filter(Boolean);
  for (const controller of controllers) {
    try {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // One that cannot be handed down (already used by a thread group): kubelet names those that it misses.
    }
  }
}

/** Version 1: a new group has no processors and no memory nodes, and no process can enter it. */
function inheritProcessors(directory: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const file = join(directory, name);
    const parent = join(dirname(directory), name);
    if (!existsSync(file) || !existsSync(parent) || readFileSync(file, 'utf8').trim() !== '') continue;
    const value = readFileSync(parent, 'utf8').trim();
    if (value !== '') writeFileSync(file, value);
  }
}

/** The files through which a process enters a group. */
export function entrances(group: string): string[] {
  return hierarchies().map((hierarchy) => join(hierarchy, group, 'cgroup.procs'));
}

/** The processes in a group and all groups below it. */
export function processesIn(group: string): Set<number> {
  const pids = new Set<number>();
  for (const hierarchy of hierarchies()) collect(join(hierarchy, group), pids);
  return pids;
}

function collect(directory: string, pids: Set<number>): void {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
    for (const line of readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n')) {
      if (line !== '') pids.add(Number(line));
    }
  } catch {
    return; // The group has gone meanwhile.
  }
  for (const entry of entries) if (entry.isDirectory()) collect(join(directory, entry.name), pids);
}

/** Kills every process in a group and below until none is left. @throws WsiError `Unavailable` when some do not die */
export async function killGroup(group: string): Promise<number> {
  const killed = new Set<number>();
  for (let waited = 0; waited <= KILL_SECONDS * 1000; waited += POLL_MILLISECONDS) {
    const left = processesIn(group);
    if (left.size === 0) return killed.size;
    for (const pid of left) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended between the check and the kill.
      }
    }
    await delay(POLL_MILLISECONDS);
  }
  throw new WsiError(
    'Unavailable',
    `Processes of the cluster do not end: ${[...processesIn(group)].join(', ')}`,
  );
}

/** Removes a group and all below it; they must be empty. */
export async function removeGroup(group: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const directory = join(hierarchy, group);
    for (let attempt = 0; existsSync(directory); attempt += 1) {
      try {
        removeTree(directory);
      } catch (error) {
        // A group is busy for a moment after its last process has ended.
        if (attempt > 100) throw WsiError.from(error, 'Unavailable', { where: directory });
        await delay(POLL_MILLISECONDS);
      }
    }
  }
}

function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}
