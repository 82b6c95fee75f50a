import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { createHead } from '../heads/index.ts';
import { instanceLossAndGradient, instancePredict } from './instance-loss.ts';

const head = createHead({ name: 'classification', classes: 3, hidden: 5 }, 4);
const stream = new RandomStream(2, 'tiles');
const tiles = Float32Array.from({ length: 7 * 4 }, () => Math.fround(stream.normal()));
const rows = Array.from({ length: 7 }, (_, row) => Float64Array.from(tiles.subarray(row * 4, row * 4 + 4)));

describe('the instance loss', () => {
  it('is the weighted classification loss of the tiles as bags', () => {
    const parameters = head.initial(4);
    const outcome = { type: 'classification', index: 2 } as const;
    const whole = head.lossAndGradient(parameters, rows, new Array(7).fill(outcome));
    const result = instanceLossAndGradient(head, parameters, tiles, outcome, 0.25);
    expect(result.loss).toBeCloseTo(whole.loss / 4, 12);
    whole.parameterGradient.forEach((value, index) => {
      expect(result.parameterGradient[index]).toBeCloseTo(value / 4, 7);
    });
    whole.embeddingGradients.forEach((row, tile) => {
      row.forEach((value, index) => expect(result.cotangent[tile * 4 + index]).toBeCloseTo(value / 4, 7));
    });
  });

  it('predicts the mean of the tile predictions', () => {
    const parameters = head.initial(4);
    const { probabilities } = head.predict(parameters, rows);
    const result = instancePredict(head, parameters, tiles);
    result.probabilities.forEach((value, index) => {
      expect(value).toBeCloseTo(probabilities!.reduce((sum, tile) => sum + tile[index]!, 0) / 7, 12);
    });
    expect(result.score).toBe(Math.max(...result.probabilities));
    expect(result.tileScores).toHaveLength(7);
  });

  it('refuses the Cox head and ragged embeddings', () => {
    const cox = createHead({ name: 'cox', ties: 'efron', hidden: 0 }, 4);
    expect(() => instancePredict(cox, cox.initial(0), tiles)).toThrow('survival');
    expect(() => instancePredict(head, head.initial(0), tiles.subarray(1))).toThrow('tile embeddings');
    expect(() => instancePredict(head, head.initial(0), new Float32Array(0))).toThrow('tile embeddings');
  });
});
