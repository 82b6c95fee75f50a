import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors } from '@wsi-operator/engine';
import { createLogger, WsiError } from '@wsi-operator/foundation';
import fc from 'fast-check';
import { CheckpointDirectory, loadCheckpoint } from './checkpoint.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });
const run = promisify(execFile);

/** False when this user may not. */
async function mountSmallDisk(path: string): Promise<boolean> {
  await mkdir(path);
  return run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]).then(
    () => true,
    () => false,
  );
}

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

  it('are read as they were written, and only the newest are kept', async () => {
    expect(await checkpoints.newest()).toBeUndefined();
    for (const step of [10, 20, 30]) await checkpoints.write(contentOf(step), 2);
    expect(await checkpoints.steps()).toEqual([20, 30]);
    const newest = await checkpoints.newest();
    expect(newest?.cursor).toMatchObject({ step: 30, tiles: 300, parametersSha256: 'p30' });
    expect(newest?.tensors.get('encoder.weight')?.shape).toEqual([2, 3]);
    expect(Array.from(newest!.tensors.get('encoder.weight')!.values)).toEqual([1, 2, 3, 4, 5, 30]);
    expect(Array.from(newest!.state['momentum']!)).toEqual([1, 2, 30]);
  });

  it('keep the pinned one beside the newest, for as long as it is pinned', async () => {
    for (const step of [10, 20, 30, 40]) await checkpoints.write(contentOf(step), 1, 20);
    expect(await checkpoints.steps()).toEqual([20, 40]);
    expect((await checkpoints.load(20)).cursor.step).toBe(20);
    await checkpoints.write(contentOf(50), 1, 50);
    expect(await checkpoints.steps()).toEqual([50]);
    await expect(checkpoints.load(20)).rejects.toThrow(/step-00000020.*no readable checkpoint/s);
  });

  it.each(['model.safetensors', 'state.safetensors', 'cursor.json'])(
    'with one flipped or missing byte in %s are skipped in favour of the previous one',
    async (file) => {
      await checkpoints.write(contentOf(1), 9);
      await checkpoints.write(contentOf(2), 9);
      const path = join(checkpoints.path, 'step-00000002', file);
      const bytes = await readFile(path);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length >> 1]! ^= 1;
      for (const damaged of [flipped, bytes.subarray(0, bytes.length - 1), Buffer.alloc(0)]) {
        await writeFile(path, damaged);
        // The final newline of the cursor says nothing: all else of it does.
        const whole = file === 'cursor.json' && damaged.length === bytes.length - 1;
        expect((await checkpoints.newest())?.cursor.step).toBe(whole ? 2 : 1);
      }
      expect(checkpoints.damage).toEqual([expect.stringContaining(path)]);
      await rm(path);
      expect((await checkpoints.newest())?.cursor.step).toBe(1);
    },
  );

  it('detect any flipped bit of the cursor', async () => {
    const path = join(await checkpoints.write(contentOf(2), 9), 'cursor.json');
    const bytes = await readFile(path);
    const wanted = (await checkpoints.newest())?.cursor;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, flipped);
      const loaded = await loadCheckpoint(join(path, '..')).catch(() => undefined);
      if (loaded !== undefined) expect(loaded.cursor).toEqual(wanted);
    }
  });

  it('copied over another are refused, and those of the first format still load', async () => {
    await checkpoints.write(contentOf(1), 9);
    await cp(await checkpoints.write(contentOf(2), 9), join(checkpoints.path, 'step-00000003'), {
      recursive: true,
    });
    expect((await checkpoints.newest())?.cursor.step).toBe(2);
    expect(checkpoints.damage).toEqual([expect.stringMatching(/step-00000003: holds step 2/)]);

    const path = join(checkpoints.path, 'step-00000002', 'cursor.json');
    const { sha256: _none, ...cursor } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...cursor, format: 1 }));
    expect((await checkpoints.newest())?.cursor.step).toBe(2);
    await writeFile(path, JSON.stringify(cursor));
    expect((await checkpoints.newest())?.cursor.step).toBe(1);
  });

  it('on a full disk fail with the path, keep the previous one, and succeed once there is space', async () => {
    const disk = join(directory, 'disk');
    if (!(await mountSmallDisk(disk))) {
      process.stdout.write('skipped: mounting a small disk needs root\n');
      return;
    }
    try {
      const full = new CheckpointDirectory(join(disk, 'checkpoints'), logger);
      await full.write(contentOf(1), 1);
      const large = { ...contentOf(2), state: { momentum: new Float32Array(300_000) } };
      const writing = full.write(large, 1);
      await expect(writing).rejects.toMatchObject({ code: 'StorageFailed', retryable: true });
      await expect(writing).rejects.toThrow(/step-00000002: .*no space left.*Free space on that disk/is);
      expect(await readdir(full.path)).toEqual(['step-00000001']);
      expect((await full.newest())?.cursor.step).toBe(1);
      await run('mount', ['-o', 'remount,size=4m', disk]);
      await full.write(large, 1);
      expect((await full.newest())?.state['momentum']).toEqual(large.state.momentum);
    } finally {
      await run('umount', ['-l', disk]);
    }
  });

  it('left incomplete by a crash are never loaded, and do not disturb the next write', async () => {
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

  it('that are damaged do not count among those kept, and never displace an intact one', async () => {
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

  it('that are something else fail to load with the path and a remedy', async () => {
    await expect(loadCheckpoint(join(directory, 'nothing'))).rejects.toThrow(
      /nothing.*no readable checkpoint/,
    );
  });

  it('that cannot be written fail with the path', async () => {
    await writeFile(join(directory, 'file'), '');
    const impossible = new CheckpointDirectory(join(directory, 'file', 'checkpoints'), logger);
    await expect(impossible.write(contentOf(1), 1)).rejects.toThrow(join(directory, 'file'));
  });
});

describe('the safetensors format', () => {
  const invalid = (problem: string): WsiError =>
    new WsiError('CheckpointInvalid', problem, { where: 'torn.safetensors' });

  it('keeps any float32 tensors bit by bit, with data aligned to 8 bytes', () => {
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
          const decoded = decodeSafetensors(file, invalid);
          for (const { name, values } of tensors) {
            expect(Buffer.from(decoded.get(name)!.values.buffer).equals(Buffer.from(values.buffer))).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  it('refuses any truncation, without allocating what the header claims', () => {
    const file = encodeSafetensors([{ name: 'a', shape: [4], values: Float32Array.of(1, 2, 3, 4) }], {});
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length), invalid)).toThrow('torn.safetensors');
    }
  });
});
