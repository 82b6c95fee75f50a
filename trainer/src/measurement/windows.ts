/**
 * Windows: stretches of whole steps at one size, as a pure state machine on what happens to workers and steps. No I/O
 * and no clock; times are parameters, in milliseconds of a monotonic clock.
 *
 * A window is closed at the end of a step once it is long enough, and before a change of the size: the step in which the
 * size changed, and whatever comes between steps (validation, checkpoints), are in no window.
 *
 * A worker's phases come from itself, up to its last message. While it holds no lease it waits for one, so the time
 * since then is known, too. Of that waiting, `barrierWait` is what the coordinator saw: no task was there for it, as the
 * step's other tasks, the loss and the commit were not done. The rest, `leaseWait`, is the way of leases and results.
 */
import type { Usage } from '@wsi-operator/protocol';

/** Sums over the workers. */
export interface ClosedWindow {
  readonly workers: number;
  readonly servers: number;
  /** Tiles that went through the window's training steps. */
  readonly tiles: number;
  readonly steps: number;
  readonly seconds: number;
  readonly phaseSeconds: Readonly<Record<string, number>>;
  readonly tilesPerSecond: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly processorSeconds: number;
  /** By worker's name: tiles a second while it reads and computes, and over how many seconds of that. */
  readonly rates: ReadonlyMap<string, WorkerRate>;
  /** Steps of the run: the window's first one, and the one after its last. */
  readonly from: number;
  readonly to: number;
}

export interface WorkerRate {
  readonly tilesPerSecond: number;
  readonly seconds: number;
}

export interface WindowOptions {
  /** A window is at least so long, unless the size changes. */
  readonly seconds: number;
  readonly servers: number;
}

interface Member {
  /** Undefined until the worker has said that it is ready. */
  usage: Usage | undefined;
  reportedAt: number;
  /** Since when it holds no lease; undefined while it holds one. */
  idleSince: number | undefined;
  idleSeconds: number;
}

/** Of one worker, up to a moment. */
interface Sums {
  readonly phaseSeconds: Readonly<Record<string, number>>;
  readonly idleSeconds: number;
  readonly tiles: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly processorSeconds: number;
}

/** Reading and computing: what a slow machine takes longer for. */
const WORK = ['open', 'read', 'decode', 'forward', 'backward'] as const;
/** A training step computes each tile twice. */
const PASSES = 2;

export class Windows {
  readonly #options: WindowOptions;
  readonly #members = new Map<string, Member>();
  /** At the end of the last step; undefined until one has ended at this size. */
  #baseline: { readonly at: number; readonly sums: ReadonlyMap<string, Sums> } | undefined;
  #open = emptyWindow();

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  join(worker: string, now: number): void {
    this.#members.set(worker, { usage: undefined, reportedAt: now, idleSince: now, idleSeconds: 0 });
  }

  leave(worker: string): ClosedWindow | undefined {
    const member = this.#members.get(worker);
    if (member === undefined) return undefined;
    const window = member.usage === undefined ? undefined : this.#changed();
    this.#members.delete(worker);
    return window;
  }

  /** The worker says what it used so far. One that has not begun to count phases is still starting. */
  report(worker: string, usage: Usage, now: number): ClosedWindow | undefined {
    const member = this.#members.get(worker);
    if (member === undefined) return undefined;
    const starting = Object.keys(usage.phaseSeconds).length === 0;
    const joins = member.usage === undefined && !starting;
    const window = joins ? this.#changed() : undefined;
    if (!starting) Object.assign(member, { usage, reportedAt: now });
    return window;
  }

  /** The worker got a lease. */
  busy(worker: string, now: number): void {
    const member = this.#members.get(worker);
    if (member?.idleSince === undefined) return;
    member.idleSeconds += (now - member.idleSince) / 1000;
    member.idleSince = undefined;
  }

  /** The worker holds no lease any more. */
  idle(worker: string, now: number): void {
    const member = this.#members.get(worker);
    if (member !== undefined) member.idleSince ??= now;
  }

  stepDone(step: number, tiles: number, now: number): ClosedWindow | undefined {
    const sums = this.#sums(now);
    const { at, sums: before } = this.#baseline ?? {};
    this.#baseline = { at: now, sums };
    if (at === undefined || before === undefined) return undefined;
    const open = this.#open;
    open.from ??= step;
    open.to = step + 1;
    open.tiles += tiles;
    open.steps += 1;
    open.seconds += (now - at) / 1000;
    for (const [worker, sum] of sums) addDifference(open.sums, worker, { sum, before: before.get(worker) });
    return open.seconds >= this.#options.seconds ? this.#close() : undefined;
  }

  /** What was done since the last step was no training. */
  skip(now: number): void {
    if (this.#baseline !== undefined) this.#baseline = { at: now, sums: this.#sums(now) };
  }

  /** Training ends or goes back: the whole steps so far are a window. */
  end(): ClosedWindow | undefined {
    return this.#changed();
  }

  #changed(): ClosedWindow | undefined {
    this.#baseline = undefined;
    return this.#close();
  }

  #close(): ClosedWindow | undefined {
    const open = this.#open;
    this.#open = emptyWindow();
    if (open.steps === 0 || open.sums.size === 0 || !(open.seconds > 0)) return undefined;
    const all = [...open.sums.values()];
    const total = all.reduce((a, b) => plus(a, b), ZERO);
    const { leaseWait = 0, ...phases } = total.phaseSeconds;
    return {
      workers: all.length,
      servers: this.#options.servers,
      tiles: open.tiles,
      steps: open.steps,
      seconds: open.seconds,
      phaseSeconds: positive({
        ...phases,
        leaseWait: leaseWait - total.idleSeconds,
        barrierWait: total.idleSeconds,
      }),
      tilesPerSecond: open.tiles / open.seconds,
      bytesSent: total.bytesSent,
      bytesReceived: total.bytesReceived,
      processorSeconds: total.processorSeconds,
      rates: new Map([...open.sums].map(([worker, sums]) => [worker, rateOf(sums)])),
      from: open.from ?? 0,
      to: open.to,
    };
  }

  #sums(now: number): Map<string, Sums> {
    const ready = [...this.#members].flatMap(([name, member]): [string, Sums][] =>
      member.usage === undefined ? [] : [[name, sumsOf(member, member.usage, now)]],
    );
    return new Map(ready);
  }
}

interface OpenWindow {
  from: number | undefined;
  to: number;
  tiles: number;
  steps: number;
  seconds: number;
  readonly sums: Map<string, Sums>;
}

function emptyWindow(): OpenWindow {
  return { from: undefined, to: 0, tiles: 0, steps: 0, seconds: 0, sums: new Map() };
}

const ZERO: Sums = {
  phaseSeconds: {},
  idleSeconds: 0,
  tiles: 0,
  bytesSent: 0,
  bytesReceived: 0,
  processorSeconds: 0,
};

function sumsOf({ reportedAt, idleSince, idleSeconds }: Member, usage: Usage, now: number): Sums {
  const { phaseSeconds, tiles, bytesSent, bytesReceived, processorSeconds } = usage;
  const counts = { tiles, bytesSent, bytesReceived, processorSeconds };
  if (idleSince === undefined) return { phaseSeconds, idleSeconds, ...counts };
  const waited = (phaseSeconds['leaseWait'] ?? 0) + Math.max(0, now - reportedAt) / 1000;
  return {
    phaseSeconds: { ...phaseSeconds, leaseWait: waited },
    idleSeconds: idleSeconds + Math.max(0, now - idleSince) / 1000,
    ...counts,
  };
}

function addDifference(
  open: Map<string, Sums>,
  worker: string,
  { sum, before = ZERO }: { sum: Sums; before: Sums | undefined },
): void {
  open.set(worker, plus(open.get(worker) ?? ZERO, plus(sum, before, -1)));
}

function plus(a: Sums, b: Sums, sign: 1 | -1 = 1): Sums {
  const phases = new Set([...Object.keys(a.phaseSeconds), ...Object.keys(b.phaseSeconds)]);
  const of = ({ phaseSeconds }: Sums, phase: string): number => phaseSeconds[phase] ?? 0;
  return {
    phaseSeconds: Object.fromEntries([...phases].map((phase) => [phase, of(a, phase) + sign * of(b, phase)])),
    idleSeconds: a.idleSeconds + sign * b.idleSeconds,
    tiles: a.tiles + sign * b.tiles,
    bytesSent: a.bytesSent + sign * b.bytesSent,
    bytesReceived: a.bytesReceived + sign * b.bytesReceived,
    processorSeconds: a.processorSeconds + sign * b.processorSeconds,
  };
}

/** Messages that come late may make a phase look shorter than nothing. */
function positive(phaseSeconds: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(phaseSeconds).filter(([, seconds]) => seconds > 0));
}

function rateOf({ phaseSeconds, tiles }: Sums): WorkerRate {
  const seconds = WORK.reduce((sum, phase) => sum + (phaseSeconds[phase] ?? 0), 0);
  return { seconds, tilesPerSecond: seconds > 0 ? tiles / PASSES / seconds : 0 };
}
