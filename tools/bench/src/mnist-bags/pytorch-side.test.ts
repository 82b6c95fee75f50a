/** What PyTorch answered is kept, but only for the recipe it was asked about. The interpreter here is a stand-in. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askPyTorch, type PyTorchQuestion } from './pytorch-side.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pytorch-side-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Notes each question in `asked`, and answers with a hundredth of its epochs. */
const STAND_IN = `
const { createInterface } = require('node:readline');
const { appendFileSync } = require('node:fs');
createInterface({ input: process.stdin }).on('line', (line) => {
  appendFileSync(__dirname + '/asked', line + '\\n');
  console.log(JSON.stringify({ auc: JSON.parse(line).epochs / 100, testBags: 2, secondsPerStep: 0.5 }));
});
`;

describe('an answer of PyTorch', () => {
  it('is kept for its question, and not taken for that of another recipe', async () => {
    const python = join(directory, 'python');
    await writeFile(python, `#!${process.execPath}\n${STAND_IN}`);
    await chmod(python, 0o755);
    const path = join(directory, 'pytorch.json');
    const question: PyTorchQuestion = {
      ...{ cohort: '/cohort', seed: 1, epochs: 20, learningRate: 0.0005, weightDecay: 0.0001 },
    };
    const ask = (changed: Partial<PyTorchQuestion> = {}): Promise<unknown> =>
      askPyTorch(path, { ...question, ...changed }, python);
    const asked = async (): Promise<number> =>
      (await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n').length;

    expect(await ask()).toEqual({ auc: 0.2, secondsPerStep: 0.5 });
    expect(await ask()).toEqual({ auc: 0.2, secondsPerStep: 0.5 });
    expect(await asked()).toBe(1);
    expect(await ask({ epochs: 30 })).toEqual({ auc: 0.3, secondsPerStep: 0.5 });
    expect(await asked()).toBe(2);
  });
});
