/** Settings of the kernel as a whole that a cluster needs or kubelet changes: noted before, put back afterwards. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KernelSettings = Readonly<Record<string, string>>;

/** Raised where they are lower: every kubelet and every containerd watches many files. */
const AT_LEAST: Readonly<Record<string, number>> = {
  'fs/inotify/max_user_instances': 8192,
  'fs/inotify/max_user_watches': 524_288,
};

/** Kubelet sets them when it starts. */
const CHANGED_BY_KUBELET = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** @returns the settings as they were */
export function raiseKernelSettings(): KernelSettings {
  const before: Record<string, string> = {};
  for (const name of [...Object.keys(AT_LEAST), ...CHANGED_BY_KUBELET]) {
    const value = read(name);
    if (value === undefined) continue;
    before[name] = value;
    const least = AT_LEAST[name];
    if (least !== undefined && Number(value) < least) write(name, String(least));
  }
  return before;
}

export function restoreKernelSettings(before: KernelSettings): void {
  for (const [name, value] of Object.entries(before)) if (read(name) !== value) write(name, value);
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', name), 'utf8').trim();
  } catch {
    return undefined; // Not in this kernel.
  }
}

function write(name: string, value: string): void {
  writeFileSync(join('/proc/sys', name), value);
}
