/**
 * Encoders against their reference implementations in PyTorch, on generated weights: the embeddings, through the conversion
 * of published weights, and the gradient of every parameter. `tools/bench/python/encoder_reference.py NAME` computes the references (`--with python-bench`).
 */
import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Parity } from '../../testing/encoder-parity.ts';

// The base transformers differ from the small ones in numbers only, and take long.
const ENCODERS_COMPARED = [
  'lenet',
  'resnet18',
  'resnet34',
  'resnet50',
  'efficientnet_lite0',
  'vit_small_patch16',
  'vit_small_patch14_dinov2',
  'vit_small_patch14_reg4_dinov2',
];

describe('an encoder with published weights', () => {
  it.each(ENCODERS_COMPARED)('computes what the reference of %s computes', async (name) => {
    const program = new URL('../../testing/encoder-parity.ts', import.meta.url).pathname;
    // A process of its own, as TensorFlow is never loaded in Jest's context.
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, name]);
    const parity = JSON.parse(stdout) as Parity;
    expect(parity.embeddings).toBeLessThan(1e-4);
    expect({ ...parity, gradients: parity.gradients < 1e-3 }).toMatchObject({ gradients: true });
  });
});
