import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Size, Workload } from './observation.ts';
import { fitShapes, predictShape, type ShapeObservation } from './shapes.ts';

const work = (patchSize: number, batch: number): Workload => ({
  tilesPerStep: 48_000 / patchSize,
  blocksPerStep: 12,
  parameterBytes: 100_000,
  patchSize,
  batch,
});

/** A machine on which at most `limit` workers compute without slowing each other. */
function machine(limit: number): (workload: Workload, size: Size) => number {
  return (workload, { workers, servers }) => {
    const { patchSize, batch, tilesPerStep, blocksPerStep, parameterBytes } = workload;
    const share = (Math.ceil(blocksPerStep / workers) * tilesPerStep) / blocksPerStep;
    const tile = 4e-7 * patchSize ** 2 + 2e-4 + 3e-3 / batch;
    const parameters = (2e-8 * parameterBytes * workers) / servers;
    return 0.05 + tile * Math.max(share, tilesPerStep / limit) + parameters + 0.002 * workers;
  };
}

function seen(stepSeconds: ReturnType<typeof machine>, noise: () => number = () => 1): ShapeObservation[] {
  const shapes = [work(64, 4), work(64, 16), work(128, 4), work(128, 16)];
  const sizes = [1, 2, 4].map((workers) => ({ workers, servers: 1 }));
  return shapes.flatMap((workload) =>
    sizes.map((size) => ({
      workload,
      ...size,
      tiles: 10 * workload.tilesPerStep,
      steps: 10,
      seconds: 10 * stepSeconds(workload, size) * noise(),
      phaseSeconds: {},
    })),
  );
}

describe('the model over shapes', () => {
  it.each([2, 100])(
    'reports the time of shapes and sizes that were not run, where %d workers help',
    (limit) => {
      const truth = machine(limit);
      const model = fitShapes(seen(truth))!;
      if (limit === 2) expect(model.parallelism).toBe(2);
      for (const [patchSize, batch] of [
        [96, 8],
        [80, 12],
        [128, 8],
      ] as const) {
        for (const workers of [1, 2, 3]) {
          const [workload, size] = [work(patchSize, batch), { workers, servers: 1 }];
          const ratio = predictShape(model, workload, size).stepSeconds / truth(workload, size);
          expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
        }
      }
    },
  );

  it('is off by about the noise of what it was fitted to, not by more', () => {
    const truth = machine(2);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 12, maxLength: 12 }),
        (noise) => {
          let next = 0;
          const model = fitShapes(seen(truth, () => noise[next++]!))!;
          const [workload, size] = [work(96, 8), { workers: 2, servers: 1 }];
          const ratio = predictShape(model, workload, size).stepSeconds / truth(workload, size);
          expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('knows nothing without measurements, and of no size without processes', () => {
    expect(fitShapes([])).toBeUndefined();
    const model = fitShapes(seen(machine(2)))!;
    expect(() => predictShape(model, work(64, 4), { workers: 0, servers: 1 })).toThrow(RangeError);
  });
});
