/** A checkpoint for tests of what is done with one: of the initial parameters, so that nothing has to be trained. */
import { join } from 'node:path';
import { createLogger, sha256 } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';
import { CheckpointDirectory } from '../checkpoint/checkpoint.ts';
import { buildModel, type ModelDescription } from '../plan/model.ts';

const DESCRIPTION: ModelDescription = {
  network: { encoder: { name: 'tiny' }, aggregator: { name: 'attention', hidden: 16 }, tileSize: 64 },
  head: { name: 'classification', classes: 2, hidden: 0 },
  classes: ['a', 'b'],
  patches: {
    size: 64,
    stride: 64,
    level: 0,
    batch: 4,
    blockShards: 2,
    tissue: { method: 'none', minimumFraction: 0 },
    cacheBytes: '16Mi',
  },
  threads: 1,
};

/** Returns the checkpoint's directory. */
export async function writeUntrainedCheckpoint(
  directory: string,
  tissue: ModelDescription['patches']['tissue'] = DESCRIPTION.patches.tissue,
): Promise<string> {
  const { description, space } = buildModel({
    ...DESCRIPTION,
    patches: { ...DESCRIPTION.patches, tissue },
  });
  const parameters = space.initial(1);
  const checkpoints = new CheckpointDirectory(join(directory, 'checkpoints'), createLogger({ role: 'test' }));
  const cursor = {
    step: 1,
    identity: sha256('untrained'),
    parametersSha256: sha256(bytesOf(parameters)),
    tiles: 0,
    trainingSeconds: 0,
    model: description,
    cohort: { bag: 'slide', patients: {}, slides: {} } as const,
  };
  return checkpoints.write({ cursor, tensors: space.named(parameters), state: {} }, 1);
}
