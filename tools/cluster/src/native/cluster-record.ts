/** What is known of the cluster on this machine, for the next program that wants to use, change or remove it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { WsiError, writeFileAtomically } from '@wsi-operator/foundation';
import { acquireLock, type Lock } from '@wsi-operator/setup/shared-cache';
import type { Log } from '../provider.ts';
import type { Daemon, LiveProcess } from './daemon.ts';
import type { KernelSettings } from './kernel-settings.ts';
import type { NodeCell } from './node-cell.ts';

/** One cluster a machine: addresses, control groups and names are fixed. Both files are gone after a reboot, as they are. */
const RECORD = '/run/wsi-cluster.json';
const LOCK = '/run/lock/wsi-cluster.lock';

export interface ClusterRecord {
  /** The folder of all its state. */
  readonly home: string;
  readonly startedAt: string;
  /** The program that stops it when it ends itself; absent: it stays until somebody asks for its end. */
  readonly owner?: LiveProcess;
  readonly gangScheduling: boolean;
  readonly kernelSettings: KernelSettings;
  readonly mountPoints: readonly string[];
  readonly cells: readonly NodeCell[];
  readonly daemons: readonly Daemon[];
  /** Whether the start came to its end. */
  readonly ready: boolean;
}

export function readRecord(): ClusterRecord | undefined {
  if (!existsSync(RECORD)) return undefined;
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8')) as ClusterRecord;
  } catch (error) {
    throw WsiError.from(error, 'Unavailable', { where: RECORD });
  }
}

export async function writeRecord(record: ClusterRecord): Promise<void> {
  await writeFileAtomically(RECORD, JSON.stringify(record, null, 2));
}

export function removeRecord(): void {
  rmSync(RECORD, { force: true });
}

/** Runs work that starts, changes or removes the cluster; one at a time on this machine. */
export async function withClusterLock<T>(log: Log, work: () => Promise<T>): Promise<T> {
  const lock: Lock = await acquireLock(LOCK, {
    onWait: (holder) => {
      log(`waiting: ${holder} is starting or removing a cluster`);
    },
  });
  try {
    return await work();
  } finally {
    lock.release();
  }
}
