import { describe, expect, it } from '@jest/globals';
import { finalProgress, type RunResult } from './result-file.ts';

describe('the last word of a run on this machine', () => {
  it('is brought to its bounds as an answer is', () => {
    const strange = {
      parametersSha256: 'none',
      steps: -1,
      tiles: '7',
      tilesPerSecond: 1e300,
      metrics: { 'validation.auc': 0.9, text: 'x', 'two words': 1 },
      peakMemoryBytes: { worker: 10.5, other: 3 },
    } as unknown as RunResult;
    expect(finalProgress(strange, undefined, 2)).toMatchObject({
      phase: 'finished',
      step: 0,
      epochs: 2,
      tiles: 0,
      tilesPerSecond: 0,
      metrics: { 'validation.auc': 0.9 },
      parametersSha256: '',
      peakMemoryBytes: { worker: 10 },
    });
  });
});
