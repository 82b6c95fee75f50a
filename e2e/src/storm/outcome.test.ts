import { describe, expect, it } from '@jest/globals';
import { differences, type RunOutcome } from './outcome.ts';

const quiet: RunOutcome = {
  parametersSha256: 'a',
  predictionsSha256: 'b',
  tiles: 7,
  losses: ['step 0: 0.5', 'step 1: 0.4'],
};

describe('the differences between two outcomes', () => {
  it('are empty for equal runs, and where a value is missing', () => {
    expect(differences(quiet, { ...quiet })).toEqual([]);
    expect(differences(quiet, { parametersSha256: 'a', tiles: 7 })).toEqual([]);
  });

  it.each([
    [{ parametersSha256: 'c' }, 'parametersSha256: a in the quiet run, c in the storm'],
    [{ predictionsSha256: 'c' }, 'predictionsSha256: b in the quiet run, c in the storm'],
    [{ tiles: 8 }, 'tiles: 7 in the quiet run, 8 in the storm'],
    [{ losses: ['step 0: 0.5'] }, 'losses: "step 1: 0.4" in the quiet run, "none" in the storm'],
    [
      { losses: [...quiet.losses!, 'step 1: 0.4'] },
      'losses: "none" in the quiet run, "step 1: 0.4" in the storm',
    ],
  ])('name what differs: %j', (change, line) => {
    expect(differences(quiet, { ...quiet, ...change })).toEqual([line]);
  });
});
