/** The default encoder, from random weights and with the learning rate of a job that gives none, learns. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RandomStart } from './random-start.ts';

/** The loss of a model that knows nothing but how many slides are positive: half of them. */
const CHANCE = Math.LN2;

/** Forty seconds of one core; machines that are shared are slow at times. */
const LIMIT = 1_200_000;

describe('resnet18 from random weights, in a job that says nothing of how to learn', () => {
  let directory: string;
  let learned: RandomStart;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-random-start-'));
    const program = new URL('random-start.ts', import.meta.url).pathname;
    // A process of its own, as TensorFlow is never loaded in Jest's context.
    const args = ['--no-warnings', program, 'resnet18', '1', join(directory, 'cohort')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    learned = JSON.parse(stdout) as RandomStart;
  }, LIMIT);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('gets far below the loss of chance in 30 steps', () => {
    expect(learned.losses).toHaveLength(5);
    expect(learned.losses.at(-1)).toBeLessThan(CHANCE / 2);
  });

  it('tells slides apart that it has not seen', () => {
    expect(learned.auc).toBeGreaterThan(0.85);
  });
});
