/** The whole bag in one graph, in float64 on the processor: what a gradient of the device is compared with. */
import { parameterLayout } from '@wsi-operator/engine';
import { WholeBagReference } from '@wsi-operator/engine/testing';
import { randomVector } from '@wsi-operator/engine/testing/example-bag';
import { readFile } from 'node:fs/promises';
import { checkedBag } from './bag.ts';
import { gradientErrors, type Slope } from './comparison.ts';
import type { GradientComparison, GradientErrors, GradientSubject } from './messages.ts';

const DIRECTION_SEEDS = [101, 102];
/** Of the parameters, which are of the order of 1: half the digits of float64. */
const STEP = 1e-8;

export async function compareWithReference({
  network,
  threads,
  tiles,
  file,
}: GradientSubject): Promise<GradientComparison> {
  const { tensors, length } = parameterLayout(network);
  const bag = checkedBag(network, tiles);
  const double = await WholeBagReference.start({ network, threads, precision: 'float64' });
  const reference = await double.gradient(bag, bag.bagGradient);
  const slopes: Slope[] = [];
  for (const seed of DIRECTION_SEEDS) {
    const direction = randomVector(length, seed);
    slopes.push({
      direction,
      slope: await double.slope(bag, { bagGradient: bag.bagGradient, direction, step: STEP }),
    });
  }
  await double.close();
  const single = await WholeBagReference.start({ network, threads });
  const rounded = await single.gradient(bag, bag.bagGradient);
  await single.close();
  const errorsOf = (gradient: Float32Array): GradientErrors =>
    gradientErrors(gradient, { reference, slopes }, tensors);
  return { kind: 'reference', device: errorsOf(await readGradient(file)), rounding: errorsOf(rounded) };
}

async function readGradient(file: string): Promise<Float32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
