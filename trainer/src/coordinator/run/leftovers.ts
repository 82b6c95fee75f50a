/** Files that a coordinator left half-written when it was killed. Nothing reads them; they only take space. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the files in the output directory itself, only the coordinator's own: the operator writes others there now. */
const ownTemporary =
  /^(generation|journal|metrics\.jsonl|predictions\.json|quarantine\.json|result\.json)\.\d+\.tmp$/;
const anyTemporary = /\.\d+\.tmp$/;

/** @param output directory of the run; for the one coordinator that writes there */
export async function removeLeftovers(output: string): Promise<void> {
  await Promise.all([
    removeMatching(output, ownTemporary),
    removeMatching(join(output, 'tiles'), anyTemporary),
    removeMatching(join(output, 'heatmaps'), anyTemporary),
  ]);
}

async function removeMatching(directory: string, pattern: RegExp): Promise<void> {
  // What is not there, or cannot be removed, does no harm.
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((of) => pattern.test(of))) {
    await rm(join(directory, name), { force: true }).catch(() => undefined);
  }
}
