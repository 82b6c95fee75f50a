/** Which checkpoint is meant by a path, and what the run around it says of its table. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createLogger, WsiError } from '@wsi-operator/foundation';
import { CheckpointDirectory, chosenVersion } from '@wsi-operator/trainer';
import type { SlideSources } from '../slides/given-slides.ts';

/**
 * Accepts a checkpoint itself, a directory of checkpoints, or a run's output: that of the chosen epoch, where the run has
 * chosen one, or else the newest whole one.
 */
export async function findCheckpoint(
  path: string,
  onWarning: (line: string) => void = () => undefined,
): Promise<string> {
  if (await exists(join(path, 'cursor.json'))) return resolve(path);
  if (!(await exists(path))) {
    throw new WsiError('NotFound', 'there is no such checkpoint or run', {
      where: path,
      remedy: 'Give the output directory of a run, or one of its checkpoints/step-... directories.',
    });
  }
  // Damage is reported below, in readable form.
  const logger = createLogger({ role: 'predict' });
  logger.level = 'silent';
  let damage: readonly string[] = [];
  for (const directory of [join(path, 'checkpoints'), path]) {
    const checkpoints = new CheckpointDirectory(resolve(directory), logger);
    const chosen = await chosenIn(directory);
    if (chosen !== undefined) return (await checkpoints.load(chosen)).path;
    const newest = await checkpoints.newest();
    if (newest !== undefined) {
      for (const reason of checkpoints.damage) onWarning(`passed over: ${reason}`);
      return newest.path;
    }
    if (checkpoints.damage.length > 0) damage = checkpoints.damage;
  }
  if (damage.length > 0) {
    throw new WsiError('CheckpointInvalid', `none of its checkpoints is whole:\n  ${damage.join('\n  ')}\n`, {
      where: path,
      remedy: 'Take the run from a backup, or train again.',
    });
  }
  throw new WsiError(
    'NotFound',
    'there is no checkpoint here (a run writes its first one after some steps)',
    {
      where: path,
      remedy: 'Give the output directory of a run, or one of its checkpoints/step-... directories.',
    },
  );
}

/** The step that the run around a directory of checkpoints has chosen, if it has. */
async function chosenIn(directory: string): Promise<number | undefined> {
  if (basename(resolve(directory)) !== 'checkpoints' || !(await exists(directory))) return undefined;
  return chosenVersion(join(dirname(resolve(directory)), 'selection.json'));
}

/** How the run read its table, where that is still known. */
export interface TrainedTable extends Pick<SlideSources, 'missing' | 'spellings' | 'resolution'> {
  readonly table?: string;
  readonly slides?: string;
  /** In the place of `slides`, of a run on files of features. */
  readonly features?: string;
  readonly patientColumn?: string;
  readonly slideColumn?: string;
  readonly bag?: 'patient' | 'slide';
}

/** Of the run that a checkpoint lies in: RUN/checkpoints/step-XXXXXXXX. Empty when it was copied elsewhere. */
export async function trainedTable(checkpoint: string): Promise<TrainedTable> {
  if (basename(dirname(checkpoint)) !== 'checkpoints') return {};
  try {
    const text = await readFile(join(dirname(dirname(checkpoint)), 'job.json'), 'utf8');
    const job = JSON.parse(text) as {
      readonly numerics?: { readonly cohort?: TrainedTable };
      readonly spec?: { readonly cohort?: TrainedTable };
    };
    return job.numerics?.cohort ?? job.spec?.cohort ?? {};
  } catch {
    return {};
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
