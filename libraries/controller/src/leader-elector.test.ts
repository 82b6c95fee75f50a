/* eslint-disable max-lines -- the histories share a cluster of simulated candidates */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '@wsi-operator/foundation';
import fc from 'fast-check';
import { ApiError } from './api-error.ts';
import type { ApiClient } from './api-client.ts';
import { LeaderElector, type LeaderElectorOptions } from './leader-elector.ts';
import type { KubernetesObject, Resource } from './objects.ts';
import { ManualClock, scaledClock, startFakeApiServer, type FakeApiServer } from './testing/index.ts';

const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

const error = (status: number): ApiError =>
  ApiError.fromStatus({ code: status, reason: status === 409 ? 'Conflict' : '' }, 'lease');

/** How the network treats one call: milliseconds before it arrives and before its answer does, and what gets lost. */
interface Passage {
  readonly there: number;
  readonly back: number;
  readonly lost: 'no' | 'request' | 'answer';
}

/** The one Lease of an API server whose requests and answers are delayed and lost, on a clock that a test moves. */
class LeaseServer {
  lease: KubernetesObject | undefined;
  readonly #clock: Clock;
  readonly #passage: () => Passage;
  #version = 0;

  constructor(clock: Clock, passage: () => Passage) {
    this.#clock = clock;
    this.#passage = passage;
  }

  /** @param cut - Whether the client is cut off. */
  client(cut: () => boolean): Pick<ApiClient, 'get' | 'create' | 'replace'> {
    const call = async <T>(act: () => T): Promise<T> => {
      const { there, back, lost } = this.#passage();
      await this.#clock.sleep(there);
      if (cut() || lost === 'request') throw error(0);
      // Arrives, even if whoever sent it has given up long ago.
      const result = act();
      await this.#clock.sleep(back);
      if (cut() || lost === 'answer') throw error(0);
      return structuredClone(result);
    };
    return {
      get: async () => call(() => this.lease as never),
      create: async (_resource, object) =>
        call(() => {
          if (this.lease !== undefined) throw error(409);
          return this.#store(object as KubernetesObject) as never;
        }),
      replace: async (_resource, object) =>
        call(() => {
          const { resourceVersion } = (object as KubernetesObject).metadata;
          if (this.lease === undefined) throw error(404);
          if (this.lease.metadata.resourceVersion !== resourceVersion) throw error(409);
          return this.#store(object as KubernetesObject) as never;
        }),
    };
  }

  #store(object: KubernetesObject): KubernetesObject {
    this.#version += 1;
    const metadata = { ...object.metadata, uid: 'u', resourceVersion: String(this.#version) };
    this.lease = structuredClone({ ...object, metadata });
    return this.lease;
  }
}

/** A process' own clock: wrong by any time, and a little too fast or slow. */
function skewed(clock: Clock, wrongBy: number, rate: number): Clock {
  return {
    now: () => clock.now() + wrongBy,
    monotonic: () => clock.monotonic() * rate + 12_345,
    sleep: async (milliseconds, signal) => clock.sleep(milliseconds / rate, signal),
  };
}

const times = { leaseDurationSeconds: 15, renewDeadlineSeconds: 10, retryPeriodSeconds: 2 };

/** Processes that take part, and who leads. */
class Contest {
  readonly clock = new ManualClock();
  readonly server: LeaseServer;
  readonly leading = new Set<number>();
  readonly terms: number[] = [];
  overlaps = 0;
  failStops = 0;
  readonly ends: string[] = [];
  readonly #stops: AbortController[] = [];

  constructor(passage: () => Passage = () => ({ there: 5, back: 5, lost: 'no' })) {
    this.server = new LeaseServer(this.clock, passage);
  }

  /** @param windUp - How long its work takes to end after its signal, milliseconds; Infinity: it never does. */
  start(options: { wrongBy?: number; rate?: number; windUp?: number } = {}): Process {
    const { wrongBy = 0, rate = 1, windUp = 100 } = options;
    const id = this.#stops.length;
    const stop = new AbortController();
    this.#stops.push(stop);
    const state = { cut: false, dead: false };
    const elector = new LeaderElector({
      client: this.server.client(() => state.cut || state.dead),
      namespace: 'n',
      name: 'l',
      identity: `p${id}`,
      clock: skewed(this.clock, wrongBy, rate),
      failStop: () => {
        this.failStops += 1;
        this.leading.delete(id);
      },
      ...times,
    });
    const lead = async (signal: AbortSignal): Promise<void> => {
      if (state.dead) return;
      if (this.leading.size > 0) this.overlaps += 1;
      this.leading.add(id);
      this.terms.push(id);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await this.clock.sleep(windUp);
      this.leading.delete(id);
    };
    const forEver = async (): Promise<void> => {
      while (!stop.signal.aborted) this.ends.push(`${id} ${await elector.run(stop.signal, lead)}`);
    };
    const ended = forEver();
    return {
      id,
      elector,
      ended,
      stop: () => stop.abort(),
      cut: (off) => (state.cut = off),
      kill: () => {
        state.dead = true;
        this.leading.delete(id);
      },
    };
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop.abort();
    await this.clock.advance(60_000);
  }
}

interface Process {
  readonly id: number;
  readonly elector: LeaderElector;
  readonly ended: Promise<void>;
  stop(): void;
  cut(off: boolean): void;
  /** It is gone from one moment to the next. */
  kill(): void;
}

describe('LeaderElector', () => {
  it('lets one lead and hands over within a retry period after a stop', async () => {
    const contest = new Contest();
    const first = contest.start();
    await contest.clock.advance(1000);
    const second = contest.start({ wrongBy: -3_600_000 });
    await contest.clock.advance(60_000);
    expect(contest.terms).toEqual([0]);
    expect([first.elector.isLeader, second.elector.isLeader]).toEqual([true, false]);
    expect(second.elector.leader).toBe(first.elector.identity);
    first.stop();
    await contest.clock.advance(3000);
    expect(contest.terms).toEqual([0, 1]);
    expect(contest.server.lease).toMatchObject({ spec: { leaseTransitions: 1 } });
    await first.ended;
    expect(contest.ends).toEqual(['0 stopped']);
    expect(contest.overlaps).toBe(0);
    await contest.close();
  });

  it('keeps the lease while the work of a stopped leader winds up', async () => {
    const contest = new Contest();
    const first = contest.start({ windUp: 120_000 });
    await contest.clock.advance(1000);
    contest.start();
    first.stop();
    await contest.clock.advance(119_000);
    expect([...contest.leading]).toEqual([0]);
    await contest.clock.advance(6000);
    expect(contest.terms).toEqual([0, 1]);
    expect(contest.overlaps).toBe(0);
    await contest.close();
  });

  it('takes over from one that was killed after the lease, whatever the clocks say', async () => {
    for (const wrongBy of [-86_400_000, 86_400_000]) {
      const contest = new Contest();
      const first = contest.start();
      await contest.clock.advance(1000);
      contest.start({ wrongBy });
      await contest.clock.advance(20_000);
      first.kill();
      await contest.clock.advance(12_000);
      expect(contest.terms).toEqual([0]);
      await contest.clock.advance(6000);
      expect(contest.terms).toEqual([0, 1]);
      await contest.close();
    }
  });

  it('stops before another may lead when it is cut off, and takes part again', async () => {
    const contest = new Contest();
    const first = contest.start({ windUp: 4000 });
    await contest.clock.advance(1000);
    contest.start();
    await contest.clock.advance(10_000);
    first.cut(true);
    await contest.clock.advance(10_500);
    expect(first.elector.isLeader).toBe(false);
    await contest.clock.advance(20_000);
    expect(contest.ends).toEqual(['0 lost']);
    expect(contest.terms).toEqual([0, 1]);
    expect(contest.overlaps).toBe(0);
    expect(contest.failStops).toBe(0);
    await contest.close();
  });

  it('counts its time from before a renewal was sent, not from when its answer came', async () => {
    const network = { back: 5 };
    const contest = new Contest(() => ({ there: 5, back: network.back, lost: 'no' }));
    const first = contest.start({ windUp: 3500 });
    await contest.clock.advance(1000);
    contest.start();
    network.back = 7500;
    await contest.clock.advance(9500);
    network.back = 5;
    expect(first.elector.isLeader).toBe(true);
    first.cut(true);
    await contest.clock.advance(2500);
    expect(first.elector.isLeader).toBe(false);
    await contest.clock.advance(20_000);
    expect(contest.terms).toEqual([0, 1]);
    expect(contest.overlaps).toBe(0);
    await contest.close();
  });

  it('ends the process when the work of a lost lead does not end', async () => {
    const contest = new Contest();
    const first = contest.start({ windUp: Number.POSITIVE_INFINITY });
    await contest.clock.advance(1000);
    contest.start();
    first.cut(true);
    await contest.clock.advance(30_000);
    expect(contest.failStops).toBe(1);
    expect(contest.terms).toEqual([0, 1]);
    expect(contest.overlaps).toBe(0);
    await contest.close();
  });

  it('is no longer the leader by the clock, even before any timer has run', async () => {
    const contest = new Contest();
    let frozen = 0;
    const clock: Clock = {
      now: () => contest.clock.now(),
      monotonic: () => contest.clock.monotonic() + frozen,
      sleep: async (milliseconds, signal) => contest.clock.sleep(milliseconds, signal),
    };
    const stop = new AbortController();
    const options = {
      client: contest.server.client(() => false),
      namespace: 'n',
      name: 'l',
      identity: 'x',
      clock,
    };
    const elector = new LeaderElector(options);
    const run = elector.run(
      stop.signal,
      async (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await contest.clock.advance(1000);
    expect(elector.isLeader).toBe(true);
    frozen = 10_000;
    expect(elector.isLeader).toBe(false);
    stop.abort();
    await contest.clock.advance(10_000);
    await run;
  });

  it('leads on when its lease is deleted, and stops when it is given to another', async () => {
    const contest = new Contest();
    contest.start();
    await contest.clock.advance(5000);
    contest.start();
    await contest.clock.advance(5000);
    contest.server.lease = undefined;
    await contest.clock.advance(30_000);
    expect(contest.terms).toEqual([0]);
    const lease = contest.server.lease as KubernetesObject | undefined;
    contest.server.lease = {
      ...lease!,
      metadata: { ...lease!.metadata, resourceVersion: 'x' },
      spec: { holderIdentity: 'other', leaseDurationSeconds: 15 },
    };
    await contest.clock.advance(4000);
    expect(contest.ends).toEqual(['0 lost']);
    expect(contest.overlaps).toBe(0);
    await contest.close();
  });

  it('passes on what its work throws, after it has released the lease', async () => {
    const contest = new Contest();
    const options = {
      client: contest.server.client(() => false),
      namespace: 'n',
      name: 'l',
      identity: 'x',
      clock: contest.clock,
    };
    const run = new LeaderElector(options).run(new AbortController().signal, async () => {
      throw new Error('of the work');
    });
    const seen = expect(run).rejects.toThrow('of the work');
    await contest.clock.advance(5000);
    await seen;
    expect(contest.server.lease).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('refuses times that leave none to stop', () => {
    const client = new LeaseServer(new ManualClock(), () => ({ there: 0, back: 0, lost: 'no' })).client(
      () => false,
    );
    const options: LeaderElectorOptions = { client, namespace: 'n', name: 'l', identity: 'x' };
    expect(() => new LeaderElector({ ...options, renewDeadlineSeconds: 15 })).toThrow('do not fit');
    expect(() => new LeaderElector({ ...options, retryPeriodSeconds: 9 })).toThrow('do not fit');
  });

  it('never has two leaders, whatever is delayed, lost, cut off, killed or wrong', async () => {
    const processes = fc.array(
      fc.record({
        wrongBy: fc.integer({ min: -1e9, max: 1e9 }),
        rate: fc.double({ min: 0.95, max: 1.05, noNaN: true }),
        windUp: fc.integer({ min: 2500, max: 3500 }),
      }),
      { minLength: 2, maxLength: 4 },
    );
    const delay = fc.oneof(
      { weight: 12, arbitrary: fc.nat(300) },
      { weight: 2, arbitrary: fc.integer({ min: 4000, max: 9500 }) },
      { weight: 1, arbitrary: fc.nat(25_000) },
    );
    const passage = fc.record({
      there: delay,
      back: delay,
      lost: fc.oneof(
        { weight: 6, arbitrary: fc.constant('no' as const) },
        { weight: 1, arbitrary: fc.constantFrom('request' as const, 'answer' as const) },
      ),
    });
    const step = fc.record({
      time: fc.nat(20_000),
      act: fc.constantFrom(
        'cut' as const,
        'mend' as const,
        'kill' as const,
        'stop' as const,
        'start' as const,
      ),
      who: fc.nat(3),
    });
    let terms = 0;
    await fc.assert(
      fc.asyncProperty(
        processes,
        fc.infiniteStream(passage),
        fc.array(step, { maxLength: 25, size: 'max' }),
        async (options, passages, steps) => {
          const contest = new Contest(() => passages.next().value as Passage);
          const running = options.map((each) => contest.start(each));
          for (const { time, act, who } of steps) {
            await contest.clock.advance(time);
            const at = who % running.length;
            const process = running[at]!;
            if (act === 'cut') process.cut(true);
            else if (act === 'mend') process.cut(false);
            else if (act === 'stop') process.stop();
            else if (act === 'kill') process.kill();
            else running[at] = contest.start(options[at]);
            expect(contest.leading.size).toBeLessThanOrEqual(1);
          }
          expect(contest.overlaps).toBe(0);
          expect(contest.failStops).toBe(0);
          terms += contest.terms.length;
          for (const process of running) process.cut(false);
          await contest.close();
          expect(contest.overlaps).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
    // The search has led somewhere.
    expect(terms).toBeGreaterThan(200);
  });
});

describe('LeaderElector over HTTP', () => {
  const clock = scaledClock(100);
  let server: FakeApiServer;
  afterEach(async () => server.close());

  const until = async (holds: () => boolean): Promise<void> => {
    for (let round = 0; round < 2000 && !holds(); round += 1) await clock.sleep(200);
    expect(holds()).toBe(true);
  };

  it('hands over after a release and after a kill', async () => {
    server = await startFakeApiServer();
    const terms: string[] = [];
    const start = (
      identity: string,
      client: ApiClient,
    ): { stop: AbortController; ended: Promise<string> } => {
      const stop = new AbortController();
      const elector = new LeaderElector({ client, namespace: 'n', name: 'l', identity, clock });
      const lead = async (signal: AbortSignal): Promise<void> => {
        terms.push(identity);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      };
      return { stop, ended: elector.run(stop.signal, lead) };
    };
    const a = start('a', server.newClient({ clock, userAgent: 'a' }));
    await until(() => terms.length === 1);
    const b = start('b', server.newClient({ clock, userAgent: 'b' }));
    a.stop.abort();
    expect(await a.ended).toBe('stopped');
    await until(() => terms.length === 2);
    const c = start('c', server.newClient({ clock, userAgent: 'c' }));
    // What b sends arrives nowhere any more.
    server.closeConnections({ times: 1e6, match: ({ userAgent }) => userAgent === 'b' });
    expect(await b.ended).toBe('lost');
    await until(() => terms.length === 3);
    c.stop.abort();
    await c.ended;
    expect(terms).toEqual(['a', 'b', 'c']);
    expect(server.objects(leases)).toMatchObject([{ spec: { holderIdentity: '' } }]);
  });
});
