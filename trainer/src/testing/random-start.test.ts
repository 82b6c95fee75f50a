/** The default encoder, from random weights and with the learning rate of a job that gives none, learns. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RandomStart } from './random-start.ts';

/**
 * A model that knows nothing but that half of the slides are positive has a loss of 0.693. What does not learn from here (other
 * first weights, ten times the rate) ends at 0.69 to 0.70; the seeds 1 to 3 end at 0.07, 0.35 and 0.03, each with an area of 1.
 */
const CLEARLY_BELOW_CHANCE = 0.5;

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

  it('gets clearly below the loss of chance in 30 steps', () => {
    expect(learned.losses).toHaveLength(5);
    expect(learned.losses.at(-1)).toBeLessThan(CLEARLY_BELOW_CHANCE);
  });

  it('tells slides apart that it has not seen', () => {
    expect(learned.auc).toBeGreaterThan(0.85);
  });
});
