/** What an encoder computes before the first step: a start from which it can learn. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { FirstEmbeddings } from '../../testing/first-embeddings.ts';

// The base transformers differ from the small ones in numbers only, and take long.
const ENCODERS_LOOKED_AT = [
  'tiny',
  'lenet',
  'resnet18',
  'resnet34',
  'resnet50',
  'efficientnet_lite0',
  'vit_small_patch16',
  'vit_small_patch14_dinov2',
  'vit_small_patch14_reg4_dinov2',
];

describe.each(ENCODERS_LOOKED_AT)('%s with its first parameters', (name) => {
  let first: FirstEmbeddings;
  beforeAll(async () => {
    const program = new URL('../../testing/first-embeddings.ts', import.meta.url).pathname;
    // A process of its own, as TensorFlow is never loaded in Jest's context.
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, name]);
    first = JSON.parse(stdout) as FirstEmbeddings;
  });

  it('sees every place of a tile', () => {
    expect(first.unseen).toEqual([]);
  });

  it('has embeddings of moderate size, whatever its depth', () => {
    expect(first.size).toBeGreaterThan(0.2);
    expect(first.size).toBeLessThan(2);
  });

  it('tells tiles apart', () => {
    expect(first.between).toBeGreaterThan(0.2);
  });

  it('does not saturate the gate of attention', () => {
    expect(first.scores).toBeGreaterThan(0.1);
    expect(first.scores).toBeLessThan(1);
  });
});
