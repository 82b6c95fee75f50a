import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { MOST_STATUS_BYTES, withinBounds } from './status-size.ts';

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const size = (status: WsiTrainingJobStatus): number => Buffer.byteLength(JSON.stringify(status));
const failure = (index: number, message: string): NonNullable<WsiTrainingJobStatus['failures']>[number] => ({
  pod: `lung-worker-${index}`,
  uid: '01234567-89ab-cdef-0123-456789abcdef',
  failures: 1,
  inARow: 1,
  counted: 1,
  step: 3,
  time: '2026-01-01T00:00:00Z',
  reason: 'error',
  message,
});
/** Four bytes a character. */
const long = (length: number): string => '\u{1f600}'.repeat(length);

describe("a status' size", () => {
  it('is left as it is within the bounds', () => {
    const status: WsiTrainingJobStatus = { metrics: { 'train.loss': 1 }, message: 'training' };
    expect(withinBounds(status)).toBe(status);
  });

  it('is brought within the bounds by what can be had elsewhere; conditions and counts stay', () => {
    const conditions = many(6, (index) => ({
      type: ['Created', 'Running', 'Suspended', 'Scaling', 'Succeeded', 'Failed'][index] as 'Created',
      status: 'False' as const,
      reason: 'ObjectRefused',
      message: long(8_000),
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }));
    const status: WsiTrainingJobStatus = {
      conditions,
      message: long(8_000),
      metrics: Object.fromEntries(many(200, (index) => [`m${index}`.padEnd(64, 'x'), 1 / 3])),
      failures: many(64, (index) => failure(index, long(250))),
      warnings: [{ reason: 'ForeignPods', message: long(8_000) }],
      autoscaling: { workers: 4, model: long(16_000) },
    };
    const bounded = withinBounds(status);
    expect(size(bounded)).toBeLessThanOrEqual(MOST_STATUS_BYTES);
    expect(bounded.conditions?.map(({ type }) => type)).toEqual(conditions.map(({ type }) => type));
    expect(bounded.failures?.map(({ failures }) => failures)).toEqual(many(64, () => 1));
    expect(bounded.autoscaling?.workers).toBe(4);
  });

  it('with failures in every slot keeps their counts, and what is said of the job', () => {
    const metrics = Object.fromEntries(many(200, (index) => [`metric-${index}`, 1 / 3]));
    const failures = many(999, (index) => failure(index, long(80)));
    const bounded = withinBounds({ metrics, message: 'training', failures });
    expect(bounded).toMatchObject({ metrics, message: 'training' });
    expect(bounded.failures?.map(({ pod }) => pod)).toEqual(failures.map(({ pod }) => pod));
    expect(size(bounded)).toBeLessThanOrEqual(MOST_STATUS_BYTES / 2 + 999 * 250);
  });
});
