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
    ['a record without a digest', { ...whole, parametersSha256: undefined }],
  ])('is refused as %s', async (_what, result) => {
    await expect(read(result)).rejects.toThrow(/result\.json.*is not the result of a run.*Remove it/);
  });

  it('knows a result of fewer epochs than the job has now', () => {
    const of = (epochs: unknown): RunResult =>
      ({ ...whole, job: { spec: { training: { epochs } } } }) as never;
    expect([1, 2, 3].map((epochs) => isOfFewerEpochs(of(epochs), 2))).toEqual([true, false, false]);
    expect(isOfFewerEpochs(of('many'), 2)).toBe(false);
    expect(isOfFewerEpochs({ ...whole } as never, 2)).toBe(false);
  });
});
