import { expect, it } from '@jest/globals';
import type { Window } from '@wsi-operator/protocol';
import { CONFIGURATIONS, rowsOf, type Configuration } from './model-error.ts';

/** A machine of two processors that follows the model; one repetition of each configuration was disturbed. */
function ran(configuration: Configuration, slowdown: number): Parameters<typeof rowsOf>[0][number] {
  const { patchSize, batch, workers } = configuration;
  const tilesPerStep = 2e6 / patchSize ** 2;
  const workload = { tilesPerStep, blocksPerStep: 60, parameterBytes: 4e5, patchSize, batch };
  const tile = 8e-7 * patchSize ** 2 + 1e-3 + 6e-3 / batch;
  const share = (Math.ceil(60 / workers) * tilesPerStep) / 60;
  const step = 0.05 + tile * Math.max(share, tilesPerStep / 2);
  const window: Window = {
    workers,
    servers: 1,
    tiles: tilesPerStep,
    steps: 1,
    seconds: step * slowdown,
    phaseSeconds: {},
    tilesPerSecond: tilesPerStep / (step * slowdown),
    bytesSent: 0,
    bytesReceived: 0,
    processorSeconds: tile * tilesPerStep,
  };
  const peakBytes = 64 * 2 ** 20 + 3e8 + 200 * batch * patchSize ** 2;
  return { configuration, windows: [window], workload, peakBytes };
}

it('the model error is measured on runs that the model was not fitted to', () => {
  const rows = rowsOf(CONFIGURATIONS.flatMap((of) => [ran(of, 1), ran(of, 3)]));
  expect(rows).toHaveLength(CONFIGURATIONS.length);
  const held = rows.filter(({ use }) => use === 'held out');
  expect(held.map(({ patchSize, workers }) => [patchSize, workers])).toEqual([
    [96, 1],
    [96, 2],
    [96, 3],
    [128, 2],
  ]);
  for (const row of rows) {
    // What disturbs a run is no part of what it can do.
    expect(row.steadiness).toBeCloseTo(1 / 3, 6);
    expect(Math.abs(row.throughputError)).toBeLessThan(0.03);
    expect(Math.abs(row.processorError)).toBeLessThan(0.03);
    expect(Math.abs(row.memoryError)).toBeLessThan(0.03);
  }
});

it('the model error shows how far a run deviates from the model', () => {
  const runs = CONFIGURATIONS.map((of) => ran(of, of.patchSize === 96 ? 2 : 1));
  const errors = rowsOf(runs).flatMap((row) => (row.patchSize === 96 ? [row.throughputError] : []));
  expect(Math.min(...errors)).toBeGreaterThan(0.9);
});
