/** Checkpoints that somebody else wrote: none costs more than its bytes, and what no job could ask for is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeSafetensors } from '@wsi-operator/engine';
import { WsiError } from '@wsi-operator/foundation';
import { openModel } from '../prediction/open-model.ts';
import { writeUntrainedCheckpoint } from '../testing/untrained-checkpoint.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { cursorDigest, type Cursor } from './cursor.ts';

/** A file with this header and this many bytes of data. */
function safetensors(header: unknown, bytes: number, text = JSON.stringify(header)): Uint8Array {
  const head = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, Buffer.alloc(bytes)]);
}

const invalid = (problem: string): WsiError => new WsiError('CheckpointInvalid', problem);

const tensor = (start: number, end: number, shape: unknown = [(end - start) / 4]): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [start, end],
});

const nested = '['.repeat(100_000) + ']'.repeat(100_000);

describe('a hostile safetensors file is refused', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['tensors that overlap', safetensors({ a: tensor(0, 8), b: tensor(4, 12) }, 12), /overlaps/u],
    ['two tensors in one place', safetensors({ a: tensor(0, 8), b: tensor(0, 8) }, 8), /overlaps/u],
    ['a hole', safetensors({ a: tensor(0, 8), b: tensor(12, 16) }, 16), /bytes 8 to 12 .* no tensor/u],
    ['a hole at the beginning', safetensors({ a: tensor(4, 8) }, 8), /bytes 0 to 4/u],
    ['more data than tensors', safetensors({ a: tensor(0, 8) }, 12), /bytes 8 to 12/u],
    ['offsets outside of the file', safetensors({ a: tensor(0, 16) }, 8), /does not fit/u],
    ['offsets that are negative', safetensors({ a: tensor(-8, 0, [2]) }, 8), /no place/u],
    [
      'offsets that are no numbers',
      safetensors({ a: { dtype: 'F32', shape: [], data_offsets: 'ab' } }, 4),
      /no place/u,
    ],
    ['offsets the wrong way round', safetensors({ a: tensor(8, 4, [1]) }, 8), /has -4 bytes/u],
    ['another type', safetensors({ a: { dtype: 'Q9', shape: [1], data_offsets: [0, 4] } }, 4), /type "Q9"/u],
    ['no type', safetensors({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /type undefined/u],
    [
      'a shape whose product overflows',
      safetensors({ a: tensor(0, 8, [2 ** 52, 2 ** 52]) }, 8),
      /bytes for/u,
    ],
    ['a shape whose product is 0 by rounding', safetensors({ a: tensor(0, 8, [1e-9, 2e9]) }, 8), /no shape/u],
    ['a shape of a thousand sides', safetensors({ a: tensor(0, 4, Array(1000).fill(1)) }, 4), /no shape/u],
    ['an entry that is null', safetensors({ a: null }, 0), /has no description/u],
    ['a header that is null', safetensors(null, 0), /no object/u],
    ['a header that is a list', safetensors([], 0), /no object/u],
    ['metadata that are numbers', safetensors({ __metadata__: { a: 1 } }, 0), /__metadata__/u],
    ['one name twice', safetensors(null, 4, '{"a":{"dtype":"F32"},"a":{"dtype":"F32"}}'), /twice/u],
    ['a header that is deep', safetensors(null, 0, `{"a":${nested}}`), /levels/u],
    ['a header of 2^63 bytes', Buffer.from('0000000000000080', 'hex'), /torn/u],
  ])('%s', (_, file, problem) => {
    expect(() => decodeSafetensors(file, invalid)).toThrow(WsiError);
    expect(() => decodeSafetensors(file, invalid)).toThrow(problem);
  });

  it('before ten thousand views of the same 2 MiB are copied', () => {
    const one = tensor(0, 2 ** 21);
    const header = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`t${at}`, one]));
    const file = safetensors(header, 2 ** 21);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeSafetensors(file, invalid)).toThrow(/overlaps/u);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  });
});

describe('a hostile cursor is refused', () => {
  let directory: string;
  let checkpoint: string;
  let good: Cursor;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-hostile-'));
    checkpoint = await writeUntrainedCheckpoint(directory);
    good = JSON.parse(await readFile(join(checkpoint, 'cursor.json'), 'utf8')) as Cursor;
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Whoever writes a checkpoint writes its digests, too. */
  async function write(change: Readonly<Record<string, unknown>>): Promise<void> {
    const changed = { ...good, ...change };
    const signed = { ...changed, sha256: cursorDigest(changed) };
    await writeFile(join(checkpoint, 'cursor.json'), JSON.stringify(signed));
  }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['no files', { files: undefined }],
    ['files that are null', { files: null }],
    ['a step that is a text', { step: '1' }],
    ['a step that is negative', { step: -1 }],
    ['times that are texts', { trainingSeconds: 'long' }],
    ['a cohort that is a text', { cohort: 'all' }],
    ['patients that are no digests', { cohort: { bag: 'slide', patients: { train: 7 }, slides: {} } }],
  ])('%s', async (_, change) => {
    await write(change);
    await expect(loadCheckpoint(checkpoint)).rejects.toMatchObject({ code: 'CheckpointInvalid' });
  });

  it('if it is deeply nested or very long', async () => {
    const path = join(checkpoint, 'cursor.json');
    for (const text of [`{"format":2,"a":${nested}}`, 'null', '7', '"x"', ' '.repeat(2 ** 26 + 1)]) {
      await writeFile(path, text);
      await expect(loadCheckpoint(checkpoint)).rejects.toMatchObject({ code: 'CheckpointInvalid' });
    }
  });

  const model = (change: object): object => ({ ...(good.model as object), ...change });
  const patches = (change: object): object =>
    model({ patches: { ...(good.model as { patches: object }).patches, ...change } });

  it.each<[string, () => unknown, RegExp]>([
    ['no model', () => undefined, /no model/u],
    ['a model that is a list', () => [], /no model/u],
    ['a million threads', () => model({ threads: 1_000_000 }), /spec\.training\.threads.*256/u],
    ['threads that are a text', () => model({ threads: '1' }), /spec\.training\.threads/u],
    [
      'an encoder that nobody knows',
      () => model({ network: { encoder: { name: 'x' }, aggregator: { name: 'mean' }, tileSize: 64 } }),
      /spec\.model\.encoder\.name/u,
    ],
    [
      'an encoder of a revision that is still to come',
      () => model({ encoderRevision: 2 }),
      /trained with revision 2 of tiny, and this version computes revision 1/u,
    ],
    [
      'a resnet18 of the first revision, whose pixels were normalised otherwise',
      () => {
        const { patches: cut, network } = good.model as { patches: object; network: object };
        const resnet = { ...network, encoder: { name: 'resnet18' }, tileSize: 64 };
        return model({ network: resnet, patches: { ...cut, size: 64, stride: 64 } });
      },
      /trained with revision 1 of resnet18, and this version computes revision 2/u,
    ],
    [
      'an attention of a billion units',
      () =>
        model({
          network: {
            encoder: { name: 'tiny' },
            aggregator: { name: 'attention', hidden: 1e9 },
            tileSize: 64,
          },
        }),
      /spec\.model\.aggregator\.hidden.*4096/u,
    ],
    [
      'a head of a billion units',
      () => model({ head: { name: 'classification', classes: 2, hidden: 1e9 } }),
      /spec\.model\.head\.hidden/u,
    ],
    ['a head without a name', () => model({ head: { classes: 2 } }), /spec\.model\.head\.name/u],
    [
      'a billion classes',
      () => model({ head: { name: 'classification', classes: 1e9, hidden: 0 } }),
      /other classes/u,
    ],
    ['classes that are numbers', () => model({ classes: [1, 2] }), /no list of names/u],
    ['one class twice', () => model({ classes: ['a', 'a'] }), /no list of names/u],
    ['a positive class that is none', () => model({ positive: 'c' }), /positive/u],
    ['tiles of a million pixels', () => patches({ size: 1_000_000 }), /spec\.patches\.size/u],
    ['a batch of a billion', () => patches({ batch: 1e9 }), /spec\.patches\.batch/u],
    ['an unknown field', () => patches({ surprise: 1 }), /unknown field/u],
    ['tiles of two sizes', () => patches({ size: 128 }), /tiles of another size/u],
  ])('%s', async (_, stored, problem) => {
    await write({ model: stored() });
    const loaded = await loadCheckpoint(checkpoint);
    expect(() => openModel(loaded)).toThrow(WsiError);
    expect(() => openModel(loaded)).toThrow(problem);
  });

  it('without allocating the memory that it claims', async () => {
    await write({ model: patches({ cacheBytes: '100Ti' }) });
    const { model: opened } = openModel(await loadCheckpoint(checkpoint));
    expect(opened.description.patches.cacheBytes).not.toBe('100Ti');
    expect(opened.description).toEqual({
      ...(good.model as object),
      patches: { ...opened.description.patches },
    });
  });
});
