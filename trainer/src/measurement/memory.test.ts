import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Usage } from '@wsi-operator/protocol';
import { Memory } from './memory.ts';

const usage = (residentBytes: number, peakResidentBytes: number): Usage => ({
  phaseSeconds: {},
  residentBytes,
  peakResidentBytes,
  tiles: 0,
  bytesSent: 0,
  bytesReceived: 0,
  deviceBytes: residentBytes / 2,
  devicePeakBytes: peakResidentBytes / 2,
  processorSeconds: 0,
});

describe('the memory of a role', () => {
  it('is that of its largest process, including the peak of ended ones', () => {
    const memory = new Memory();
    memory.note('worker', [usage(10, 40), usage(20, 30)], 1);
    memory.note('worker', [usage(6, 8)], 2);
    memory.note('server', [], 2);
    expect(memory.read()).toEqual({
      worker: {
        residentBytes: 6,
        peakBytes: 40,
        deviceBytes: 3,
        devicePeakBytes: 20,
        peaks: [{ seconds: 1, bytes: 40 }],
      },
    });
  });

  it('keeps a few peaks, spread in time, oldest first, including the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 1000 })), {
          minLength: 1,
        }),
        (notes) => {
          const memory = new Memory();
          let seconds = 0;
          for (const [after, bytes] of notes) {
            seconds += after;
            memory.note('worker', [usage(bytes, bytes)], seconds);
          }
          const { peaks, peakBytes } = memory.read()['worker']!;
          expect(peaks.length).toBeLessThanOrEqual(16);
          expect(peakBytes).toBe(Math.max(...notes.map(([, bytes]) => bytes)));
          expect(peaks.at(-1)!.bytes).toBeGreaterThanOrEqual(notes.at(-1)![1]);
          peaks.slice(1).forEach((peak, index) => {
            expect(peak.seconds - peaks[index]!.seconds).toBeGreaterThanOrEqual(15);
          });
        },
      ),
    );
  });
});
