import { describe, expect, test } from '@jest/globals';
import { isTrue, phaseOf, REASONS, setCondition } from './conditions.ts';
import type { JobCondition } from './definition/job.ts';

const early = Date.UTC(2026, 0, 1, 12, 0, 0, 250);
const late = early + 60_000;

const running = (now: number, status: 'True' | 'False' = 'True'): readonly JobCondition[] =>
  setCondition([], { type: 'Running', status, reason: 'PodsReady' }, now);

describe('setCondition', () => {
  test('adds, with the message of the reason and whole seconds', () => {
    expect(running(early)).toEqual([
      {
        type: 'Running',
        status: 'True',
        reason: 'PodsReady',
        message: REASONS.PodsReady,
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ]);
  });

  test('keeps the time while the status stays, whatever the reason', () => {
    const list = running(early);
    const next = setCondition(list, { type: 'Running', status: 'True', reason: 'PodRestarting' }, late);
    expect(next).toMatchObject([{ reason: 'PodRestarting', lastTransitionTime: '2026-01-01T12:00:00Z' }]);
    expect(list).toMatchObject([{ reason: 'PodsReady' }]);
  });

  test('moves the time when the status changes', () => {
    const next = setCondition(
      running(early),
      { type: 'Running', status: 'False', reason: 'JobSuspended' },
      late,
    );
    expect(next).toMatchObject([{ status: 'False', lastTransitionTime: '2026-01-01T12:01:00Z' }]);
  });

  test('returns the same list when nothing changes, and keeps the others in order', () => {
    const list = setCondition(
      running(early),
      { type: 'Created', status: 'True', reason: 'JobCreated' },
      early,
    );
    expect(setCondition(list, { type: 'Running', status: 'True', reason: 'PodsReady' }, late)).toBe(list);
    const next = setCondition(list, { type: 'Running', status: 'False', reason: 'JobFinished' }, late);
    expect(next.map(({ type }) => type)).toEqual(['Running', 'Created']);
  });
});

test('the phase is the strongest condition', () => {
  expect(phaseOf(undefined)).toBe('Pending');
  expect(phaseOf(running(early, 'False'))).toBe('Pending');
  const created = setCondition([], { type: 'Created', status: 'True', reason: 'JobCreated' }, early);
  expect(phaseOf(created)).toBe('Starting');
  const both = setCondition(created, { type: 'Running', status: 'True', reason: 'PodsReady' }, early);
  expect(phaseOf(both)).toBe('Running');
  const failed = setCondition(both, { type: 'Failed', status: 'True', reason: 'InputInvalid' }, early);
  expect(phaseOf(failed)).toBe('Failed');
  expect(isTrue(failed, 'Succeeded')).toBe(false);
});
