import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { buildJob } from '../testing/builders.ts';
import { ManualClock } from '@wsi-operator/controller/testing';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import { MemoryCluster } from '../testing/memory-cluster.ts';
import { Reconciler } from './reconciler.ts';

const logger = pino({ level: 'silent' });

function setUp(): { clock: ManualClock; cluster: MemoryCluster; reconciler: Reconciler } {
  const clock = new ManualClock();
  const cluster = new MemoryCluster(buildJob(), clock);
  return { clock, cluster, reconciler: new Reconciler({ cluster, clock, logger, settings: LOCAL_SETTINGS }) };
}

describe('Reconciler', () => {
  it('starts the job through its watch, and ends with its signal', async () => {
    const { clock, cluster, reconciler } = setUp();
    const stop = new AbortController();
    const running = reconciler.run(stop.signal);
    await clock.advance(1);
    expect(cluster.names()).toEqual(['lung-coordinator-0', 'lung-server-0']);
    cluster.start();
    cluster.notify();
    await clock.advance(1_100);
    expect(cluster.names().length).toBe(4);
    stop.abort();
    await running;
  });

  it('takes changes straight from the watch into its queue, which merges those of one job', async () => {
    const { clock, cluster } = setUp();
    cluster.job = undefined;
    const passes: string[] = [];
    const observer = { onTaken: () => undefined, onPass: (outcome: string) => void passes.push(outcome) };
    const reconciler = new Reconciler({ cluster, clock, logger, settings: LOCAL_SETTINGS, observer });
    const stop = new AbortController();
    const running = reconciler.run(stop.signal);
    await clock.advance(1);
    expect(passes).toEqual(['gone']);
    for (let change = 0; change < 100; change += 1) cluster.notify();
    // The first is taken by a pass that waits for it; the others are one more.
    await clock.advance(1);
    expect(passes).toEqual(['gone', 'gone', 'gone']);
    stop.abort();
    await running;
  });

  it('goes on with the other actions when one is refused, says so, and tries again later and later', async () => {
    const { clock, cluster, reconciler } = setUp();
    cluster.fault = (call, action) =>
      call === 'apply' &&
      action?.kind === 'createPod' &&
      action.object.metadata?.name === 'lung-coordinator-0';
    const stop = new AbortController();
    const running = reconciler.run(stop.signal);
    await clock.advance(60_000);
    expect(cluster.names()).toEqual(['lung-server-0']);
    const refusals = cluster.events.filter((event) => event.reason === 'ActionFailed').length;
    expect(refusals).toBeGreaterThan(5);
    expect(refusals).toBeLessThan(14);
    cluster.fault = () => false;
    await clock.advance(60_000);
    expect(cluster.names()).toContain('lung-coordinator-0');
    stop.abort();
    await running;
  });

  it('reports a fault of its own in the condition of the job that brings it out, and tries again later and later', async () => {
    const { clock, cluster, reconciler } = setUp();
    const { spec, ...rest } = buildJob();
    // No rule lets it be stored; a fault of the plan need not be known to be reported.
    const { workers: _none, ...without } = spec;
    cluster.job = { ...rest, spec: without as typeof spec };
    let passes = 0;
    const observe = cluster.observe.bind(cluster);
    cluster.observe = async () => {
      passes += 1;
      return observe();
    };
    const stop = new AbortController();
    const running = reconciler.run(stop.signal);
    await clock.advance(60_000);
    const reported = (): object | undefined =>
      cluster.job?.status?.conditions?.find(({ type }) => type === 'Running');
    expect(reported()).toMatchObject({ status: 'Unknown', reason: 'InternalError' });
    expect(JSON.stringify(reported())).toContain('(TypeError)');
    expect(cluster.events.map(({ reason }) => reason)).toEqual(['InternalError']);
    expect(passes).toBeGreaterThan(5);
    expect(passes).toBeLessThan(14);
    cluster.job = { ...cluster.job, spec };
    await clock.advance(60_000);
    expect(reported()).toMatchObject({ status: 'False', reason: 'PodsStarting' });
    expect(cluster.names().length).toBe(2);
    stop.abort();
    await running;
  });

  it('writes the status once a pass, only when it has changed, and reports events only after it', async () => {
    const { cluster, reconciler } = setUp();
    let writes = 0;
    const write = cluster.writeStatus.bind(cluster);
    cluster.writeStatus = async (key, status) => {
      writes += 1;
      expect(cluster.events).toEqual([]);
      await write(key, status);
    };
    await reconciler.reconcile('default/lung');
    expect(writes).toBe(1);
    expect(cluster.events.length).toBeGreaterThan(0);
    cluster.events.length = 0;
    cluster.start();
    await reconciler.reconcile('default/lung');
    cluster.events.length = 0;
    cluster.start();
    await reconciler.reconcile('default/lung');
    const settled = writes;
    await reconciler.reconcile('default/lung');
    expect(writes).toBe(settled);
  });

  it('does nothing for a job that is gone', async () => {
    const { cluster, reconciler } = setUp();
    cluster.job = undefined;
    expect(await reconciler.reconcile('default/lung')).toEqual({ kind: 'gone' });
  });
});
