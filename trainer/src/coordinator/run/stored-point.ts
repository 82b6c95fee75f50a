/** Where a run begins that this coordinator holds nothing of: its newest whole checkpoint, or the initial parameters. */
import { ownText, publicText, sha256, type RedactableText, WsiError } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';
import { trainedState } from '../../checkpoint/averaged-state.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Cursor } from '../../checkpoint/cursor.ts';
import { differentDigests, type InitialDigests } from '../../initial/digests.ts';
import type { GenerationsParts, Prepared } from './generation-parts.ts';
import type { RecoveryPoint } from './recovery-points.ts';

/**
 * The newest checkpoint of this very run, or the initial parameters. Checkpoints that know a training slide which is in
 * quarantine now are removed.
 * @throws WsiError `CheckpointInvalid` when the newest checkpoint is of another run
 */
export async function storedPoint(
  prepared: Prepared,
  parts: Pick<GenerationsParts, 'checkpoints' | 'progress' | 'measurement' | 'logger'>,
): Promise<RecoveryPoint> {
  const { checkpoints, progress, measurement, logger } = parts;
  const { model, identity, quarantine, steps, initial } = prepared;
  await checkpoints.sweep();
  const checkpoint = await checkpoints.newest();
  progress.notice('checkpoints', damageNotice(checkpoints.damage, checkpoint?.cursor.step));
  const standing =
    checkpoint === undefined || isOfSameSteps(checkpoint.cursor, prepared)
      ? 'continued'
      : quarantine.standingOf(checkpoint.cursor.identity);
  if (checkpoint !== undefined && standing === 'foreign') throw foreign(checkpoint, initial.digests);
  if (checkpoint !== undefined && standing === 'continued' && checkpoint.cursor.step > steps.length) {
    throw longer(checkpoint, steps.length);
  }
  if (checkpoint !== undefined && standing === 'superseded') {
    logger.warn(
      { step: checkpoint.cursor.step },
      'training from scratch: the checkpoints contain a slide that is quarantined',
    );
    await checkpoints.clear();
  }
  if (checkpoint === undefined || standing === 'superseded') {
    const parameters = await initial.values();
    progress.checkpointStep = 0;
    progress.parametersSha256 = sha256(bytesOf(parameters));
    return { version: 0, parameters, state: {}, identity, tiles: 0, trainingSeconds: 0 };
  }
  const { cursor, path } = checkpoint;
  progress.checkpointStep = cursor.step;
  progress.parametersSha256 = cursor.parametersSha256;
  measurement.restore(cursor.measurement);
  logger.info({ step: cursor.step, checkpoint: path }, 'resuming');
  return pointOf(checkpoint, { model, identity });
}

/** What a checkpoint holds, as a state to give to the servers. */
export function pointOf(
  { cursor, path, tensors, state }: Checkpoint,
  { model, identity }: Pick<Prepared, 'model' | 'identity'>,
): RecoveryPoint {
  const { step: version, tiles, trainingSeconds } = cursor;
  const held = trainedState({ parameters: model.space.flat(tensors, path), state }, path);
  return { version, ...held, identity, tiles, trainingSeconds };
}

/** Whether it is of this run, or of one that differs in the number of epochs only and begins with the same steps. */
function isOfSameSteps(
  cursor: Pick<Cursor, 'identity' | 'prefix'>,
  { identity, prefix }: Pick<Prepared, 'identity' | 'prefix'>,
): boolean {
  return cursor.identity === identity || (prefix !== undefined && cursor.prefix === prefix);
}

function longer({ path, cursor }: Checkpoint, steps: number): WsiError {
  return new WsiError(
    'CheckpointInvalid',
    publicText`this checkpoint is after ${cursor.step} steps of the same training: the job asks for ${steps}`,
    {
      where: path,
      remedy: publicText`Ask for as many epochs or more, give another output directory, or remove this one to start over.`,
    },
  );
}

function foreign({ path, cursor }: Checkpoint, initial: InitialDigests): WsiError {
  const differences = differentDigests(cursor.initial ?? {}, initial);
  if (differences.length === 0) {
    return new WsiError(
      'CheckpointInvalid',
      publicText`this checkpoint belongs to a run with another cohort, slides, spec or revision of its encoder`,
      { where: path, remedy: publicText`Give another output directory, or remove this one to start over.` },
    );
  }
  const lines = ownText(differences.join('\n  '));
  return new WsiError(
    'CheckpointInvalid',
    publicText`this checkpoint belongs to a run that started from other weights:\n  ${lines}\n`,
    {
      where: path,
      remedy: publicText`Restore the file, give another output directory, or remove this one to start over.`,
    },
  );
}

/** People who count on a checkpoint must hear that it was of no use, and how far the run went back. */
function damageNotice(damage: readonly string[], step = 0): RedactableText | undefined {
  if (damage.length === 0) return undefined;
  const reason =
    damage.length === 1 ? damage[0] : `${damage.length} damaged checkpoints: ${damage.join(' ')}`;
  return {
    whole: `went back to step ${step}: ${reason}`,
    shown: publicText`went back to step ${step}: damaged checkpoints: ${damage.length}`,
  };
}
