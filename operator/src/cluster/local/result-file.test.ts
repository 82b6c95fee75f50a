import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isOfFewerEpochs, readResult, type RunResult } from './result-file.ts';

const whole = {
  parametersSha256: 'a'.repeat(64),
  steps: 6,
  tiles: 60,
  tilesPerSecond: 2.5,
  metrics: { 'test.auc': 0.9, 'train.auc': null },
  peakMemoryBytes: { worker: 1 },
};

describe('result.json of a run on this machine', () => {
  let output: string;
  const read = async (result: unknown): Promise<RunResult | undefined> => {
    await writeFile(join(output, 'result.json'), JSON.stringify(result));
    return readResult(output);
  };
  beforeEach(async () => {
    output = await mkdtemp(join(tmpdir(), 'wsi-result-'));
  });
  afterEach(() => rm(output, { recursive: true, force: true }));

  it('is read as it is, and need not be there', async () => {
    expect(await readResult(output)).toBeUndefined();
    expect(await read(whole)).toEqual(whole);
  });

  it.each([
    ['a list', [whole]],
    ['null', null],
    ['a record without a digest', { ...whole, parametersSha256: undefined }],
    ['a record with half a digest', { ...whole, parametersSha256: 'abc' }],
    ['a record without steps', { ...whole, steps: undefined }],
    ['a record with a negative number of tiles', { ...whole, tiles: -1 }],
    ['a record whose metrics are a list', { ...whole, metrics: [0.9] }],
    ['a record with a metric that is text', { ...whole, metrics: { 'test.auc': '0.9' } }],
    ['a record without memory', { ...whole, peakMemoryBytes: null }],
    ['a record whose restarts are a number', { ...whole, restarts: 3 }],
    ['a record whose quarantined slides are counted', { ...whole, quarantined: 2 }],
  ])('is refused as %s', async (_what, result) => {
    await expect(read(result)).rejects.toThrow(/result\.json.*is not the result of a run.*Remove it/);
  });

  it.each(['', '{"parametersSha256":', '[]'])('is refused as %j', async (content) => {
    await writeFile(join(output, 'result.json'), content);
    await expect(readResult(output)).rejects.toThrow(/result\.json.*is not a JSON object.*Remove it/);
  });

  it('knows a result of fewer epochs than the job has now', () => {
    const of = (epochs: unknown): RunResult =>
      ({ ...whole, job: { spec: { training: { epochs } } } }) as never;
    expect([1, 2, 3].map((epochs) => isOfFewerEpochs(of(epochs), 2))).toEqual([true, false, false]);
    expect(isOfFewerEpochs(of('many'), 2)).toBe(false);
    expect(isOfFewerEpochs({ ...whole } as never, 2)).toBe(false);
  });
});
