/** A network without an encoder: rows of features are the embeddings, and only the aggregator has parameters. */
import { describe, expect, it } from '@jest/globals';
import { Engine } from './engine.ts';
import type { Network } from './network/network.ts';
import { initialParameters, parameterLayout } from './network/parameters.ts';
import { randomVector } from './testing/example-bag.ts';

const [n, d] = [7, 5];
const attention: Network = {
  features: { size: d },
  aggregator: { name: 'attention', hidden: 8 },
};

describe('a network of features', () => {
  it('has the rows as embeddings, and a gradient that agrees with finite differences', async () => {
    const engine = await Engine.start({ network: attention, threads: 1 });
    const rows = randomVector(n * d, 1);
    const bagGradient = randomVector(d, 2);
    const pooled = async (
      parameters: Float32Array,
    ): Promise<{ bagEmbedding: Float32Array; logSumExp: number; loss: number }> => {
      const set = engine.loadParameters('pooled', parameters);
      const { embeddings, attention: scores } = await engine.embed(set, rows, n);
      engine.release(set);
      expect([...embeddings]).toEqual([...rows]);
      const logSumExp = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
      const z = Array.from({ length: d }, (_, place) =>
        scores.reduce((sum, score, row) => sum + Math.exp(score - logSumExp) * rows[row * d + place]!, 0),
      );
      const loss = z.reduce((sum, value, place) => sum + value * bagGradient[place]!, 0);
      return { bagEmbedding: Float32Array.from(z), logSumExp, loss };
    };
    const parameters = initialParameters(attention, 1);
    const bag = { bagGradient, ...(await pooled(parameters)) };
    const set = engine.loadParameters('gradient', parameters);
    const whole = await engine.attentionGradient(set, rows, n, bag);
    const first = await engine.attentionGradient(set, rows.slice(0, 4 * d), 4, bag);
    const second = await engine.attentionGradient(set, rows.slice(4 * d), 3, bag);
    whole.forEach((value, index) => expect(first[index]! + second[index]!).toBeCloseTo(value, 6));
    const direction = randomVector(parameters.length, 3);
    const moved = (step: number): Float32Array => parameters.map((value, i) => value + step * direction[i]!);
    const [ahead, behind] = [await pooled(moved(0.01)), await pooled(moved(-0.01))];
    const slope = whole.reduce((sum, value, index) => sum + value * direction[index]!, 0);
    expect((ahead.loss - behind.loss) / 0.02).toBeCloseTo(slope, 3);
    await engine.close();
  });

  it('has no parameters with the mean, and an empty gradient', async () => {
    const network: Network = { ...attention, aggregator: { name: 'mean' } };
    expect(parameterLayout(network).length).toBe(0);
    const engine = await Engine.start({ network, threads: 1 });
    const set = engine.loadParameters(1, new Float32Array(0));
    const rows = randomVector(n * d, 1);
    const bag = { bagGradient: randomVector(d, 2), bagEmbedding: randomVector(d, 3), logSumExp: Math.log(n) };
    expect(await engine.attentionGradient(set, rows, n, bag)).toHaveLength(0);
    await expect(engine.embed(set, rows.subarray(1), n)).rejects.toThrow(
      '34 values were given where 35 belong',
    );
    await engine.close();
  });
});
