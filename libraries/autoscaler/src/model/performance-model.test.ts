import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fitMemory, predictMemory } from './memory.ts';
import { fitModel, parseModel, serialiseModel, shapeKey } from './performance-model.ts';
import { predictThroughput } from './throughput.ts';
import { fitTileCost, tileSeconds } from './tile-cost.ts';

const shape = { encoder: 'tiny', aggregator: 'gated', patchSize: 256, batch: 16, device: 'cpu', threads: 1 };
const workload = { tilesPerStep: 1024, blocksPerStep: 16, parameterBytes: 1e6, patchSize: 256, batch: 16 };
const MIB = 2 ** 20;

function model() {
  return fitModel({
    shape,
    workload,
    observations: [1, 2].map((workers) => ({
      workers,
      servers: 1,
      tiles: 10240,
      steps: 10,
      seconds: 100 / workers + 3,
      phaseSeconds: { forward: 60, backward: 40, leaseWait: 1 },
    })),
    memory: {
      worker: [
        { patchSize: 256, batch: 16, parameterBytes: 1e6, cacheBytes: 64 * MIB, peakBytes: 700 * MIB },
      ],
    },
  })!;
}

describe('the model as JSON', () => {
  it('comes back and predicts the same', () => {
    const back = parseModel(serialiseModel(model()))!;
    const size = { workers: 8, servers: 1 };
    const [a, b] = [model(), back].map((one) => predictThroughput(one.throughput, size));
    expect(b!.tilesPerSecond / a!.tilesPerSecond).toBeCloseTo(1, 4);
    expect(b!.low / a!.low).toBeCloseTo(1, 3);
    expect(back.memory).toHaveProperty('worker');
    expect(serialiseModel(back).length).toBeLessThan(2000);
    expect(shapeKey(back.shape)).toBe(shapeKey(shape));
  });

  it('is nothing when it is not whole, or of another version, or altered', () => {
    const text = serialiseModel(model());
    expect(parseModel(text.replace('"version":1', '"version":2'))).toBeUndefined();
    expect(parseModel(text.slice(0, -9))).toBeUndefined();
    expect(parseModel(text.replace(/"coefficients":\[/, '"coefficients":[null,'))).toBeUndefined();
    fc.assert(fc.property(fc.json(), (json) => parseModel(json) === undefined));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: text.length - 1 }),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, character) => {
          const altered = parseModel(text.slice(0, at) + character + text.slice(at + 1));
          if (altered === undefined) return;
          const { low } = predictThroughput(altered.throughput, { workers: 2, servers: 1 });
          expect(Number.isNaN(low)).toBe(false);
        },
      ),
    );
  });
});

describe('the cost of a tile', () => {
  const cost = (patchSize: number, batch: number): Record<string, number> => ({
    decode: 1e-8 * patchSize ** 2 + 2e-4,
    forward: 6e-8 * patchSize ** 2 + 3e-2 / batch,
    backward: 12e-8 * patchSize ** 2 + 5e-2 / batch,
  });
  const sample = (patchSize: number, batch: number) => ({
    patchSize,
    batch,
    tiles: 1000,
    phaseSeconds: Object.fromEntries(
      Object.entries(cost(patchSize, batch)).map(([phase, seconds]) => [phase, seconds * 1000]),
    ),
  });
  const total = (patchSize: number, batch: number): number =>
    Object.values(cost(patchSize, batch)).reduce((a, b) => a + b);

  it('is predicted for patch sizes and batches that were not run', () => {
    const fitted = fitTileCost([sample(64, 16), sample(224, 16), sample(224, 8)]);
    expect(tileSeconds(fitted, 128, 32) / total(128, 32)).toBeCloseTo(1, 1);
    expect(tileSeconds(fitted, 512, 4) / total(512, 4)).toBeCloseTo(1, 1);
    expect(tileSeconds(fitted, 128, 32, 'decode')).toBeCloseTo(cost(128, 32)['decode']!, 6);
  });

  it('of one run goes by pixels', () => {
    const fitted = fitTileCost([sample(224, 16)]);
    expect(tileSeconds(fitted, 448, 16)).toBeCloseTo(4 * total(224, 16), 9);
    expect(fitTileCost([])).toEqual({});
  });

  it('takes nothing from times that cannot be, however small', () => {
    const of = {
      patchSize: 4096,
      batch: 1,
      tiles: 14,
      phaseSeconds: { forward: 1e-300, backward: Infinity },
    };
    expect(fitTileCost([of, { ...sample(224, 16), patchSize: Infinity }])).toEqual({});
  });
});

describe('memory', () => {
  const truth = (patchSize: number, batch: number, parameterBytes: number): number =>
    480e6 + 180 * batch * patchSize ** 2 + 9 * parameterBytes;
  const sample = (patchSize: number, batch: number, parameterBytes: number, error = 0) => ({
    patchSize,
    batch,
    parameterBytes,
    cacheBytes: 0,
    peakBytes: truth(patchSize, batch, parameterBytes) * (1 + error),
  });

  it('is predicted within 10% for configurations that were not run', () => {
    const fitted = fitMemory([
      sample(64, 16, 1e6, 0.01),
      sample(224, 8, 45e6, -0.01),
      sample(224, 32, 1e6, 0.02),
    ])!;
    for (const [patchSize, batch, bytes] of [
      [256, 16, 1e6],
      [224, 16, 45e6],
      [128, 64, 1e6],
    ] as const) {
      const { peakBytes, high } = predictMemory(fitted, {
        patchSize,
        batch,
        parameterBytes: bytes,
        cacheBytes: 0,
      });
      expect(Math.abs(peakBytes / truth(patchSize, batch, bytes) - 1)).toBeLessThan(0.1);
      expect(high).toBeGreaterThan(peakBytes);
    }
  });

  it('counts the highest peak of a configuration, and the cache as it is configured', () => {
    const one = { patchSize: 224, batch: 16, parameterBytes: 1e6, cacheBytes: 0 };
    const fitted = fitMemory([
      { ...one, peakBytes: 600e6 },
      { ...one, peakBytes: 900e6 },
      { ...one, peakBytes: Number.NaN },
    ])!;
    expect(predictMemory(fitted, one).peakBytes / 900e6).toBeCloseTo(1, 1);
    const cached = predictMemory(fitted, { ...one, cacheBytes: 512e6 }).peakBytes;
    expect(cached - predictMemory(fitted, one).peakBytes).toBeCloseTo(512e6, 0);
    expect(fitMemory([])).toBeUndefined();
  });
});
