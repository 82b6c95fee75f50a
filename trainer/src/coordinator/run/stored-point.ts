/** Where a run begins that this coordinator holds nothing of: its newest whole checkpoint, or the initial parameters. */
import { publicText, sha256, type RedactableText, WsiError } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { GenerationsParts, Prepared } from './generation-parts.ts';
import type { RecoveryPoint } from './recovery-points.ts';

/**
 * The newest checkpoint of this very run, or the initial parameters. Checkpoints that know a training slide which is in
 * quarantine now are removed.
 * @throws WsiError `CheckpointInvalid` when the newest checkpoint is of another run
 */
export async function storedPoint(
  { model, identity, quarantine }: Prepared,
  parts: Pick<GenerationsParts, 'checkpoints' | 'progress' | 'job' | 'measurement' | 'logger'>,
): Promise<RecoveryPoint> {
  const { checkpoints, progress, job, measurement, logger } = parts;
  await checkpoints.sweep();
  const checkpoint = await checkpoints.newest();
  progress.notice('checkpoints', damageNotice(checkpoints.damage, checkpoint?.cursor.step));
  const standing =
    checkpoint?.cursor.identity === identity || checkpoint === undefined
      ? 'continued'
      : quarantine.standingOf(checkpoint.cursor.identity);
  if (checkpoint !== undefined && standing === 'foreign') throw foreign(checkpoint);
  if (checkpoint !== undefined && standing === 'superseded') {
    logger.warn(
      { step: checkpoint.cursor.step },
      'training from scratch: the checkpoints contain a slide that is quarantined',
    );
    await checkpoints.clear();
  }
  if (checkpoint === undefined || standing === 'superseded') {
    const parameters = model.space.initial(job.spec.training.seed);
    progress.checkpointStep = 0;
    progress.parametersSha256 = sha256(bytesOf(parameters));
    return { version: 0, parameters, state: {}, identity, tiles: 0, trainingSeconds: 0 };
  }
  const { cursor, path } = checkpoint;
  progress.checkpointStep = cursor.step;
  progress.parametersSha256 = cursor.parametersSha256;
  measurement.restore(cursor.measurement);
  logger.info({ step: cursor.step, checkpoint: path }, 'resuming');
  return {
    version: cursor.step,
    parameters: model.space.flat(checkpoint.tensors, path),
    state: checkpoint.state,
    identity,
    tiles: cursor.tiles,
    trainingSeconds: cursor.trainingSeconds,
  };
}

function foreign({ path }: Checkpoint): WsiError {
  return new WsiError(
    'CheckpointInvalid',
    publicText`this checkpoint belongs to a run with another cohort, slides or spec`,
    { where: path, remedy: publicText`Give another output directory, or remove this one to start over.` },
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
