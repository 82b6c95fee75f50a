/**
 * What a coordinator finds of others in the output directory: files that one left half-written when it was killed, and the
 * result of the same run before epochs were added to it.
 */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, parseJson, storageError, type Logger } from '@wsi-operator/foundation';

/** Of the files in the output directory itself, only the coordinator's own: the operator writes others there now. */
const ownTemporary =
  /^(generation|journal|metrics\.jsonl|predictions\.json|quarantine\.json|result\.json|selection\.json)\.\d+\.tmp$/;
const anyTemporary = /\.\d+\.tmp$/;

/** @param output directory of the run; for the one coordinator that writes there */
export async function removeLeftovers(output: string): Promise<void> {
  await Promise.all([
    removeMatching(output, ownTemporary),
    removeMatching(join(output, 'tiles'), anyTemporary),
    removeMatching(join(output, 'heatmaps'), anyTemporary),
  ]);
}

/**
 * Renames `result.json` of fewer epochs, whose presence would say that the run is complete, and its predictions.
 * @throws WsiError `StorageFailed`
 */
export async function setShorterResultAside(output: string, epochs: number, logger: Logger): Promise<void> {
  const path = join(output, 'result.json');
  const before = epochsOf(await readFile(path, 'utf8').catch(() => ''));
  if (before === undefined || before >= epochs) return;
  logger.info({ before, epochs }, 'epochs were added to a finished run');
  // The result last: while it is there, this is done again.
  for (const name of ['predictions', 'result']) {
    const target = join(output, `${name}-after-${before}-epochs.json`);
    await rename(join(output, `${name}.json`), target).catch((error: unknown) => {
      if (name === 'result') throw storageError(path, error);
    });
  }
}

function epochsOf(result: string): number | undefined {
  let value: unknown;
  try {
    value = parseJson(result);
  } catch {
    return undefined;
  }
  for (const key of ['job', 'spec', 'training']) value = isRecord(value) ? value[key] : undefined;
  const epochs = isRecord(value) ? value['epochs'] : undefined;
  return Number.isSafeInteger(epochs) ? Number(epochs) : undefined;
}

async function removeMatching(directory: string, pattern: RegExp): Promise<void> {
  // What is not there, or cannot be removed, does no harm.
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((of) => pattern.test(of))) {
    await rm(join(directory, name), { force: true }).catch(() => undefined);
  }
}
