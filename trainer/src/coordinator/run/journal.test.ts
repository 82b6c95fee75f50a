import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wsi-operator/foundation';
import { bytesOf, float64From, type EmbedResult } from '@wsi-operator/protocol';
import fc from 'fast-check';
import { replay } from '../../testing/replay.ts';
import { Journal, JournalFile } from './journal.ts';
import {
  applied,
  decodeRecords,
  embeddedRecord,
  encodeRecord,
  replayJournal,
  type JournalRecord,
} from './journal-records.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });
const run = promisify(execFile);

const begin: JournalRecord = {
  kind: 'begin',
  format: 1,
  identity: 'i',
  generations: [3],
  servers: [{ address: 'unix:/s', start: 0, end: 9, instance: 'u' }],
  version: 4,
  tiles: 40,
  trainingSeconds: 8,
  time: 1_000,
};
const started = (step: number) => ({ step, epoch: 0, loss: 0.1 + step, learningRate: 0.3, tiles: 10 });
const committing = (step: number): JournalRecord => ({
  kind: 'committing',
  commit: { step, learningRate: 0.3, oldestNeeded: step, leaves: 7 },
  line: started(step),
  time: 1_000 * step,
});
const committed = (step: number): JournalRecord => ({
  kind: 'committed',
  line: { ...started(step), tilesPerSecond: 5, seconds: 2, time: 1_000 * step + 1 },
  tiles: 10 * (step + 1),
  trainingSeconds: 2 * (step + 1),
});
const partial = (values: readonly number[]): EmbedResult => ({
  maximum: -0.1,
  sum: Math.PI,
  weighted: bytesOf(Float64Array.from(values)),
  attention: new Uint8Array(0),
  embeddings: new Uint8Array(0),
});

describe('the state read from a journal', () => {
  it('has version, lines, results of current steps, and a partly applied step', () => {
    const records = [
      begin,
      embeddedRecord('step/4/embed/0/0', partial([1])),
      committing(4),
      embeddedRecord('step/5/embed/0/0', partial([2])),
      committed(4),
      embeddedRecord('step/6/embed/0/0', partial([3])),
      committing(5),
    ];
    const state = replayJournal(records)!;
    expect(state).toMatchObject({ version: 5, tiles: 50, trainingSeconds: 10 });
    expect(state.pending?.commit.step).toBe(5);
    expect(state.lines.map(({ step }) => step)).toEqual([4]);
    expect([...state.embedded.keys()]).toEqual(['step/5/embed/0/0', 'step/6/embed/0/0']);
    const after = applied(state);
    expect(after).toMatchObject({ version: 6, tiles: 60, pending: undefined });
    expect(after.trainingSeconds).toBeCloseTo(10.999);
    expect(after.lines.map(({ step }) => step)).toEqual([4, 5]);
    expect([...after.embedded.keys()]).toEqual(['step/6/embed/0/0']);
    expect(replayJournal([begin, committed(5)])).toBeUndefined();
    expect(replayJournal([committed(4)])).toBeUndefined();
    expect(replayJournal([])).toBeUndefined();
  });

  it('has the exact bits of partial aggregates, also of non-finite numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 5 }), fc.double(), (values, sum) => {
        const written = encodeRecord(embeddedRecord('step/9/embed/0/0', { ...partial(values), sum }));
        const read = replayJournal([begin, ...decodeRecords(Buffer.from(written))])!;
        const { weighted, sum: readSum } = read.embedded.get('step/9/embed/0/0')!;
        expect(Array.from(float64From(weighted))).toEqual(values);
        expect(readSum).toBe(sum);
      }),
      replay(),
    );
  });

  it('is always a prefix of what was written, wherever it is truncated or a bit flips', () => {
    const records = [begin, committing(4), committed(4), embeddedRecord('step/5/embed/0/0', partial([1, 2]))];
    const bytes = Buffer.from(records.map(encodeRecord).join(''));
    const whole = records.map((record) => JSON.stringify(record));
    /** How many records are read; NaN when they are not the first ones that were written. */
    const readOf = (damaged: Uint8Array): number => {
      const read = decodeRecords(damaged);
      const same = read.every((record, index) => JSON.stringify(record) === whole[index]);
      return same ? read.length : NaN;
    };
    const counts = new Set<number>();
    for (let length = 0; length < bytes.length; length++) counts.add(readOf(bytes.subarray(0, length)));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      counts.add(readOf(flipped));
    }
    expect([...counts].sort()).toEqual([0, 1, 2, 3]);
    expect(decodeRecords(bytes)).toEqual(records);
  });
});

describe('the journal on disk', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-journal-'));
    path = join(directory, 'journal');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('holds a record once append resolves, until it is begun again', async () => {
    const journal = new Journal(new JournalFile(path), logger);
    await journal.append(committed(3));
    expect(await journal.read()).toEqual([]);
    await journal.begin([begin]);
    await Promise.all([4, 5, 6].map((step) => journal.append(committed(step))));
    expect(await journal.read()).toEqual([begin, committed(4), committed(5), committed(6)]);
    await journal.begin([begin, committed(4)]);
    await journal.append(committed(5));
    expect(await new Journal(new JournalFile(path), logger).read()).toEqual([
      begin,
      committed(4),
      committed(5),
    ]);
  });

  it('is not written by a coordinator that has been superseded', async () => {
    const old = new Journal(new JournalFile(path), logger);
    await old.begin([begin]);
    const successor = new Journal(new JournalFile(path), logger);
    await successor.begin([{ ...begin, generations: [4] }]);
    await old.append(committed(4));
    expect(await successor.read()).toEqual([{ ...begin, generations: [4] }]);
  });

  it('is disabled on a full disk, without harm, until it is begun again', async () => {
    const disk = join(directory, 'disk');
    await mkdir(disk);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).then(
      () => true,
      () => false,
    );
    if (!mounted) {
      process.stdout.write('skipped: mounting a small disk needs root\n');
      return;
    }
    try {
      const file = join(disk, 'journal');
      const journal = new Journal(new JournalFile(file), logger);
      await journal.begin([begin]);
      await journal.append(committed(4));
      await writeFile(join(disk, 'filler'), Buffer.alloc(1 << 20)).catch(() => undefined);
      for (let step = 5; step < 200; step++) await journal.append(committed(step));
      // Whatever of it came to the disk is a beginning.
      const read = await journal.read();
      expect(read.length).toBeLessThan(100);
      expect(read.slice(0, 2)).toEqual([begin, committed(4)]);
      expect(replayJournal(read)?.version).toBe(read.length + 3);
      await rm(join(disk, 'filler'));
      await journal.append(committed(200));
      expect(await journal.read()).toEqual(read);
      await journal.begin([begin]);
      await journal.append(committed(4));
      expect(await journal.read()).toEqual([begin, committed(4)]);
      expect((await readFile(file)).length).toBeGreaterThan(0);
    } finally {
      await run('umount', ['-l', disk]);
    }
  });
});
