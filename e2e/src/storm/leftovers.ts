/** What a run on this machine has left that it should not have: processes, sockets, temporary files, locks. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine, processesWith, socketsBelow } from './processes.ts';

export interface WhereToLook {
  /** All processes of the run have it as WSI_STORM in their environment. */
  readonly marker: string;
  readonly output: string;
  /** Directory of temporary files of these processes alone. */
  readonly temporary: string;
  readonly mostCheckpoints: number;
}

/** A process that was killed as the last thing takes a moment to be gone. */
const GRACE_MILLISECONDS = 5_000;

export async function localLeftovers(where: WhereToLook): Promise<string[]> {
  const deadline = performance.now() + GRACE_MILLISECONDS;
  for (;;) {
    const left = await leftoversNow(where);
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(50);
  }
}

async function leftoversNow({ marker, output, temporary, mostCheckpoints }: WhereToLook): Promise<string[]> {
  const processes = processesWith(`WSI_STORM=${marker}`).map(
    ({ pid }) => `process ${pid}: ${commandLine(pid)}`,
  );
  const sockets = socketsBelow(marker).map((path) => `socket ${path}`);
  const files = await leftFiles(output, mostCheckpoints);
  const directories = (await readdir(temporary)).map((name) => `file ${join(temporary, name)}`);
  return [...processes, ...sockets, ...files, ...directories];
}

/** In an output directory: temporary files, locks, and checkpoints beyond those that are to be kept. */
export async function leftFiles(output: string, mostCheckpoints: number): Promise<string[]> {
  const files = (await readdir(output, { recursive: true }))
    .filter((name) => /\.tmp$|\.wsi\/(lock|pods\/)/.test(name))
    .map((name) => `file ${join(output, name)}`);
  const checkpoints = await readdir(join(output, 'checkpoints'));
  return checkpoints.length > mostCheckpoints ? [...files, `${checkpoints.length} checkpoints`] : files;
}
