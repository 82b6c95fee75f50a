import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coordinatorService } from './definition.ts';
import { checkReplyBounds, MOST_REPLY_BYTES, MOST_REPLY_FIELDS } from './reply-bounds.ts';

const { responseSerialize } = (
  coordinatorService as Record<string, { responseSerialize: (of: object) => Buffer }>
)['Status']!;
const problem = (bytes: Uint8Array): string => {
  try {
    checkReplyBounds(bytes);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};
const times = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => of(i));
const entries = (count: number, length = 8): Record<string, number> =>
  Object.fromEntries(times(count, (index) => [`m${index}`.padEnd(length, 'x'), index]));

const worker = (replica: number): object => ({
  replica,
  instance: `lung-worker-${replica}-0123456789abcdef`,
  tilesPerSecond: 12.5,
  seconds: 30.25,
  residentBytes: 4e9,
  peakResidentBytes: 5e9,
  deviceBytes: 2e10,
  devicePeakBytes: 3e10,
});
const observation = {
  workers: 999,
  servers: 64,
  tiles: 1e6,
  steps: 100,
  seconds: 60,
  phaseSeconds: entries(16),
};
/** As large as a coordinator's becomes. */
const largest = {
  phase: 'training',
  step: 7,
  metrics: entries(200, 32),
  peakMemoryBytes: { coordinator: 1e9, server: 1e9, worker: 1e9 },
  message: 'x'.repeat(4_000),
  phaseSeconds: entries(20),
  measurement: {
    workload: { tilesPerStep: 100, blocksPerStep: 4, parameterBytes: 1e8, patchSize: 256, batch: 32 },
    device: 'gpu',
    observations: times(64, () => observation),
    window: {
      ...observation,
      tilesPerSecond: 100,
      bytesSent: 1e12,
      bytesReceived: 1e12,
      processorSeconds: 1e5,
    },
    workers: times(999, worker),
    memory: { worker: { residentBytes: 1e9, peaks: times(64, (seconds) => ({ seconds, bytes: 1e9 })) } },
  },
};

describe("the bounds of a coordinator's reply", () => {
  it('admit the largest reply of a coordinator with room to spare', () => {
    const bytes = responseSerialize(largest);
    expect(problem(bytes)).toBe('');
    expect(bytes.length).toBeLessThan(MOST_REPLY_BYTES * 0.75);
  });

  it.each([
    ['metrics', { metrics: entries(257) }, '256 metrics'],
    ['characters in the names of metrics', { metrics: entries(1, 65) }, '64 bytes of key of metrics'],
    ['characters in the message', { message: 'x'.repeat(16_385) }, '16384 bytes of message'],
    ['workers', { measurement: { workers: times(1_025, () => ({})) } }, '1024 workers'],
    ['observations', { measurement: { observations: times(129, () => ({})) } }, '128 observations'],
    [
      'phases of an observation',
      { measurement: { observations: [{}, { phaseSeconds: entries(65) }] } },
      '64 phase_seconds',
    ],
    ['peaks', { measurement: { memory: { worker: { peaks: times(257, () => ({})) } } } }, '256 peaks'],
    ['bytes', { message: 'x'.repeat(MOST_REPLY_BYTES) }, `${MOST_REPLY_BYTES} bytes`],
  ])('refuse a reply with too many %s', (_what, reply, words) => {
    expect(problem(responseSerialize(reply))).toContain(`more than ${words}`);
  });

  it('refuse very many unknown fields, and a repeated message field', () => {
    // Field 3, a number, and field 20, an empty measurement.
    expect(problem(Buffer.from('1800'.repeat(MOST_REPLY_FIELDS + 1), 'hex'))).toContain('fields');
    expect(problem(Buffer.from('a20100a20100', 'hex'))).toContain('more than 1 measurement');
  });

  it.each([
    ['a length beyond the end', '0aff01'],
    ['a number without an end', `18${'ff'.repeat(11)}`],
    ['a group, which this protocol does not use', '1b1c'],
    ['a length of more than 32 bits', '0affffffffffff01'],
    ['a nested length beyond the end of its message', 'a20102120f'],
  ])('refuse a reply with %s', (_what, hex) => {
    expect(problem(Buffer.from(hex, 'hex'))).toContain('not a StatusReply');
  });

  it('never fail in another way for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(problem(bytes)).toMatch(/^$|^the reply /);
      }),
    );
  });
});
