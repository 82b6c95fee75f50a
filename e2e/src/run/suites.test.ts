import { describe, expect, it } from '@jest/globals';
import { chosenSuites, countsOf, suiteNames, sum } from './suites.ts';

const report = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  numRuntimeErrorTestSuites: 0,
};

describe('the suites', () => {
  it('run in an order, the refusals first because they need no pod', () => {
    expect(suiteNames()[0]).toBe('refusals');
    expect(suiteNames()).toEqual(
      expect.arrayContaining(['training', 'faults', 'resources', 'security', 'upgrade']),
    );
  });

  it('are all run if none is named, and in their order if some are', () => {
    expect(chosenSuites([])).toEqual(suiteNames());
    expect(chosenSuites(['faults', 'training'])).toEqual(['training', 'faults']);
  });

  it('are known by name', () => {
    expect(() => chosenSuites(['fault'])).toThrow(/no suite fault.*faults/s);
  });

  it('are counted; a file that cannot be read is a failure', () => {
    expect(countsOf(report)).toEqual({ passed: 3, failed: 1, skipped: 3 });
    expect(countsOf({ ...report, numFailedTests: 0, numRuntimeErrorTestSuites: 1 }).failed).toBe(1);
    expect(sum([countsOf(report), countsOf(report)])).toEqual({ passed: 6, failed: 2, skipped: 6 });
    expect(sum([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
