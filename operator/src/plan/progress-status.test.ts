import { describe, expect, it } from '@jest/globals';
import type { TrainingMeasurement } from '../autoscaling/index.ts';
import type { TrainingProgress } from './training-progress.ts';
import { boundedProgress } from '../progress/bounded-progress.ts';
import { progressStatus } from './progress-status.ts';

const measurement: TrainingMeasurement = {
  workload: { tilesPerStep: 40, blocksPerStep: 4, parameterBytes: 1000, patchSize: 64, batch: 5 },
  device: 'cpu',
  observations: [],
  window: {
    workers: 2,
    servers: 1,
    tiles: 400,
    steps: 10,
    seconds: 4.00049,
    tilesPerSecond: 99.98775,
    phaseSeconds: { forward: 2, backward: 5.5, barrierWait: 0.5 },
    bytesSent: 4000,
    bytesReceived: 8000,
    processorSeconds: 7.1234,
  },
  workers: [],
  memory: {
    worker: { residentBytes: 100, peakBytes: 120, deviceBytes: 0, devicePeakBytes: 0, peaks: [] },
    server: { residentBytes: 50, peakBytes: 60, deviceBytes: 0, devicePeakBytes: 0, peaks: [] },
  },
  remainingTiles: 1000,
  joinSeconds: 2,
};

const progress = (measurement: TrainingMeasurement | undefined): TrainingProgress => ({
  phase: 'training',
  step: 1,
  steps: 2,
  epoch: 0,
  epochs: 1,
  fraction: 0.5,
  tiles: 40,
  tilesPerSecond: 98.7654,
  metrics: {},
  parametersSha256: '',
  checkpointStep: 0,
  peakMemoryBytes: { worker: 120, server: 60 },
  workersConnected: 2,
  message: '',
  ...(measurement === undefined ? {} : { measurement }),
});

describe('the status of what was measured', () => {
  it('has the numbers of the window, and names the phase that took longest', () => {
    expect(progressStatus(progress(measurement))).toMatchObject({
      throughput: {
        tilesPerSecond: 98.8,
        window: {
          workers: 2,
          servers: 1,
          tiles: 400,
          steps: 10,
          seconds: 4,
          tilesPerSecond: 99.988,
          phaseSeconds: { forward: 2, backward: 5.5, barrierWait: 0.5 },
          bottleneck: 'backward',
          bytesSent: 4000,
          bytesReceived: 8000,
          processorSeconds: 7.123,
        },
      },
      memory: { workers: 120, parameterServers: 60, current: { workers: 100, parameterServers: 50 } },
    });
  });

  it('says nothing of what was not measured, and lets no nonsense through', () => {
    expect(progressStatus(progress(undefined)).throughput).toEqual({ tilesPerSecond: 98.8 });
    const phaseSeconds = { forward: NaN, backward: -1, 'no word!': 3, ...Object.fromEntries(letters()) };
    const strange = { ...measurement, window: { ...measurement.window!, tiles: Infinity, phaseSeconds } };
    const { window } = progressStatus(boundedProgress(progress(strange))).throughput!;
    expect(Object.keys(window!.phaseSeconds!)).toHaveLength(16);
    expect(window!.tiles).toBe(0);
    expect(Object.keys(window!.phaseSeconds!)).not.toContain('forward');
  });
});

function letters(): [string, number][] {
  return Array.from({ length: 26 }, (_, index) => [String.fromCharCode(97 + index), index + 1]);
}
