import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wsi/foundation';
import fc from 'fast-check';
import { CheckpointDirectory, loadCheckpoint } from './checkpoint.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });

function contentOf(step: number): Parameters<CheckpointDirectory['write']>[0] {
  return {
    cursor: {
      step,
      identity: 'i',
      parametersSha256: `p${step}`,
      tiles: step * 10,
      trainingSeconds: step,
      model: {},
    },
    tensors: [
      { name: 'encoder.weight', shape: [2, 3], values: Float32Array.from([1, 2, 3, 4, 5, step]) },
      { name: 'head.bias', shape: [1], values: Float32Array.of(0.5) },
    ],
    state: { momentum: Float32Array.of(1, 2, step) },
  };
}

describe('checkpoints', () => {
  let directory: string;
  let checkpoints: CheckpointDirectory;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-checkpoint-'));
    checkpoints = new CheckpointDirectory(join(directory, 'checkpoints'), logger);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('come back as they were written; only the newest are kept', async () => {
    expect(await checkpoints.newest()).toBeUndefined();
    for (const step of [10, 20, 30]) await checkpoints.write(contentOf(step), 2);
    expect(await checkpoints.steps()).toEqual([20, 30]);
    const newest = await checkpoints.newest();
    expect(newest?.cursor).toMatchObject({ step: 30, tiles: 300, parametersSha256: 'p30' });
    expect(newest?.tensors.get('encoder.weight')?.shape).toEqual([2, 3]);
    expect(Array.from(newest!.tensors.get('encoder.weight')!.values)).toEqual([1, 2, 3, 4, 5, 30]);
    expect(Array.from(newest!.state['momentum']!)).toEqual([1, 2, 30]);
  });

  it.each(['model.safetensors', 'state.safetensors', 'cursor.json'])(
    'with one flipped or missing byte in %s are skipped for the one before',
    async (file) => {
      await checkpoints.write(contentOf(1), 9);
      await checkpoints.write(contentOf(2), 9);
      const path = join(checkpoints.path, 'step-00000002', file);
      const bytes = await readFile(path);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length >> 1]! ^= 1;
      for (const damaged of [flipped, bytes.subarray(0, bytes.length - 1), Buffer.alloc(0)]) {
        // A flipped bit in a comment-like part of the cursor may leave it valid JSON; then it must still load as it is.
        await writeFile(path, damaged);
        const newest = await checkpoints.newest();
        if (file !== 'cursor.json') expect(newest?.cursor.step).toBe(1);
        else expect([1, 2]).toContain(newest?.cursor.step);
      }
      await rm(path);
      expect((await checkpoints.newest())?.cursor.step).toBe(1);
    },
  );

  it('half written (a crash before the rename) are never loaded, and do not disturb the next write', async () => {
    await checkpoints.write(contentOf(1), 9);
    const torn = join(checkpoints.path, '.step-00000002.tmp');
    await mkdir(torn);
    await writeFile(join(torn, 'model.safetensors'), 'half');
    expect((await checkpoints.newest())?.cursor.step).toBe(1);
    await checkpoints.write(contentOf(2), 9);
    expect((await checkpoints.newest())?.cursor.step).toBe(2);
    await mkdir(join(checkpoints.path, '.step-00000003.tmp'));
    await checkpoints.sweep();
    expect(await readdir(checkpoints.path)).toEqual(['step-00000001', 'step-00000002']);
  });

  it('damaged do not count among those that are kept, and never cost a whole one', async () => {
    for (const step of [5, 10]) await checkpoints.write(contentOf(step), 2);
    await writeFile(join(checkpoints.path, 'step-00000010', 'model.safetensors'), 'torn');
    expect((await checkpoints.newest())?.cursor.step).toBe(5);
    // The run goes on from step 5 and is stopped at step 7.
    await checkpoints.write(contentOf(7), 1);
    expect(await checkpoints.steps()).toEqual([7]);

    await checkpoints.write(contentOf(10), 3);
    await writeFile(join(checkpoints.path, 'step-00000010', 'cursor.json'), '{');
    expect((await checkpoints.newest())?.cursor.step).toBe(7);
    await checkpoints.write(contentOf(12), 2);
    expect(await checkpoints.steps()).toEqual([7, 12]);
  });

  it('name the path and what to do when loading one that is none', async () => {
    await expect(loadCheckpoint(join(directory, 'nothing'))).rejects.toThrow(
      /nothing.*no readable checkpoint/,
    );
  });

  it('name the path when they cannot be written', async () => {
    await writeFile(join(directory, 'file'), '');
    const impossible = new CheckpointDirectory(join(directory, 'file', 'checkpoints'), logger);
    await expect(impossible.write(contentOf(1), 1)).rejects.toThrow(join(directory, 'file'));
  });
});

describe('safetensors', () => {
  it('keep any float32 tensors bit by bit, the data aligned to 8 bytes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.float32Array({ maxLength: 9 })), {
          selector: ([name]) => name,
          maxLength: 5,
        }),
        (pairs) => {
          const tensors = pairs
            .filter(([name]) => name !== '__metadata__' && name !== '__proto__')
            .map(([name, values]) => ({ name, shape: [values.length], values: Float32Array.from(values) }));
          const file = encodeSafetensors(tensors, { a: 'b' });
          expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
          const decoded = decodeSafetensors(file, 'file');
          for (const { name, values } of tensors) {
            expect(Buffer.from(decoded.get(name)!.values.buffer).equals(Buffer.from(values.buffer))).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  it('refuses any truncation with a message, never with an allocation of what the header claims', () => {
    const file = encodeSafetensors([{ name: 'a', shape: [4], values: Float32Array.of(1, 2, 3, 4) }], {});
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length), 'torn.safetensors')).toThrow(
        'torn.safetensors',
      );
    }
  });
});
