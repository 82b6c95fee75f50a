import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { fitModel, serialiseModel } from '@wsi-operator/autoscaler';
import { thisMachine, type Machine } from '@wsi-operator/operator';
import { JOB_RESOURCE } from '../cluster/wire.ts';
import { explanation } from '../sizes/explanation.ts';
import { TestCluster } from '../testing/cluster.ts';
import { ago, job, NOW, runningStatus } from '../testing/objects.ts';
import { explainJob, localRun } from './explain.ts';

const workload = { tilesPerStep: 640, blocksPerStep: 16, parameterBytes: 4e6, patchSize: 64, batch: 16 };
const window = (workers: number, seconds: number) => ({
  workers,
  servers: 2,
  tiles: 6400,
  steps: 10,
  seconds,
  phaseSeconds: { forward: 30, backward: 40 },
});
const shape = {
  encoder: 'tiny',
  aggregator: 'attention',
  patchSize: 64,
  batch: 16,
  device: 'cpu',
  threads: 1,
};
const observations = [window(1, 70), window(2, 36), window(4, 20)];
const memory = { worker: [{ ...workload, cacheBytes: 0, peakBytes: 5e8 }] };
const model = serialiseModel(fitModel({ shape, workload, observations, memory })!);
const status: WsiTrainingJobStatus = {
  ...runningStatus,
  autoscaling: {
    shape: 'tiny/attention/64/16/cpu/1',
    model,
    workers: 4,
    remainingTiles: 100_000,
    advisedServers: 3,
    reason: '4 workers as before: 320 tiles/s predicted, efficiency 0.84, floor 0.7',
    predicted: { tilesPerSecond: 320, low: 300, high: 340, efficiency: 0.84 },
    warmStart: { job: 'lung-fold-0', model },
    schedulable: { workers: 6, until: '2100-01-01T00:00:00Z', tries: 1 },
    decisions: [
      {
        time: ago(60),
        what: 'workers',
        from: 2,
        to: 4,
        reason: '2 -> 4 workers: 178 -> 320 tiles/s predicted, efficiency 0.8, floor 0.7',
      },
    ],
  },
};
const autoscaling = { objective: 'efficiency', minimumWorkers: 1, maximumWorkers: 16, efficiencyFloor: 0.7 };

describe('wsi explain', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("shows the model of a cluster's job, the decision with its reason, and other sizes", async () => {
    await using cluster = await TestCluster.start();
    cluster.api.put(JOB_RESOURCE, job({ status, spec: { autoscaling } }));
    expect(await explainJob(cluster.session, 'demo', {})).toBe(0);
    const text = cluster.terminal.output;
    expect(text).toMatch(/^Job +demo, autoscaled$/m);
    expect(text).toMatch(/^Size +4 workers, 2 servers \(3 would be best\)$/m);
    expect(text).toMatch(/^Holds for +the nodes that this job's pods run on; no models of other namespaces/m);
    expect(text).toMatch(/^Because +4 workers as before: 320 tiles\/s/m);
    expect(text).toMatch(/^ {2}θ1 +0\.0\d+ ± \S+ s +a tile, on one worker$/m);
    expect(text).toMatch(
      /fitted to 1\/2, 2\/2, 4\/2 \(workers\/servers\), begun with the model of lung-fold-0/,
    );
    expect(text).toMatch(/^ {2}\S+ \S+ +2 -> 4 workers: 178 -> 320 tiles\/s predicted/m);
    const rows = text.slice(text.indexOf('Sizes')).split('\n');
    expect(rows.map((row) => row.trim().split(/ {2,}/)[0]).slice(2, -1)).toEqual([
      '1',
      '2',
      '4 *',
      '6',
      '8',
      '16',
    ]);
    expect(rows.filter((row) => row.endsWith('yes'))).toHaveLength(3);
  });

  it('prints the same as JSON', async () => {
    await using cluster = await TestCluster.start();
    cluster.api.put(JOB_RESOURCE, job({ status, spec: { autoscaling } }));
    await explainJob(cluster.session, 'demo', { json: true, servers: [1] });
    const explained = JSON.parse(cluster.terminal.output) as ReturnType<typeof explanation>;
    expect(explained.coefficients.map(({ name }) => name)).toEqual(['θ0', 'θ1', 'θ2', 'θ3', 'θ4']);
    expect(new Set(explained.sizes.map(({ servers }) => servers))).toEqual(new Set([1, 2]));
    const four = explained.sizes.find(({ workers, servers }) => workers === 4 && servers === 2);
    expect(four?.tilesPerSecond).toBeCloseTo(320, -1);
    expect(four?.measured).toBe(true);
    expect(explained.limits).toEqual({ maximumSchedulableWorkers: 6, remainingTiles: 100_000 });
  });

  it('explains a run on this machine', async () => {
    const sizes = { autoscaling, workers: { replicas: 1 }, parameterServers: { replicas: 2 } };
    writeFileSync(join(directory, 'job.json'), JSON.stringify({ name: 'demo', sizes }));
    writeFileSync(join(directory, 'status.json'), JSON.stringify(status));
    const explained = explanation(await localRun(directory), [], NOW);
    expect(explained).toMatchObject({ job: 'demo', autoscaled: true, workers: 4, servers: 2 });
    expect(explained.sizes.length).toBe(6);
    expect(explained.holdsFor).toMatch(/^the machine that it ran on, .* no models of other users are used$/);
    const run = await localRun(directory);
    const on = (machine: Machine): string => explanation({ ...run, machine }, [], NOW).holdsFor;
    expect(on(thisMachine())).toMatch(/^this machine, /);
    expect(on({ host: 'gpu-7', processors: 96, processor: 'EPYC' })).toMatch(
      /^another machine than this, gpu-7 \(96 x EPYC\)/,
    );
  });

  it('says what is missing, be it the run or its model', async () => {
    await expect(localRun(directory)).rejects.toThrow(/holds no run/);
    writeFileSync(join(directory, 'job.json'), JSON.stringify({ name: 'demo' }));
    const run = await localRun(directory);
    expect(() => explanation(run, [], NOW)).toThrow(/has no performance model yet/);
  });
});
