/**
 * Which fault happens when, and to whom: a pure function of the seed. A fault's own numbers come from a stream of its own,
 * so the first hundred faults of a storm are the same whether a hundred or a thousand were asked for.
 */
import { ROLES, type Role } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';

/** What is hit besides the processes of a run: what leads it (`wsi run`, or the operator that leads), and the API server. */
export type OtherVictim = 'leader' | 'apiServer';

export type Victim = { readonly role: Role; readonly index: number } | { readonly role: OtherVictim };

export type FaultAction =
  /** SIGKILL; a leader is started again at once. */
  | { readonly kind: 'kill'; readonly victim: Victim }
  /** SIGSTOP, and SIGCONT after a while. */
  | { readonly kind: 'pause'; readonly victim: Victim; readonly milliseconds: number }
  /** Another number of workers while the run goes on. */
  | { readonly kind: 'rescale'; readonly workers: number }
  /** Stopped with a checkpoint, and started again with other numbers of processes. */
  | { readonly kind: 'resume'; readonly workers: number; readonly servers: number }
  /** Every message of a process takes longer. */
  | { readonly kind: 'delay'; readonly victim: Victim; readonly milliseconds: number; readonly each: number }
  /** All connections of a process are broken at once. */
  | { readonly kind: 'drop'; readonly victim: Victim }
  /** Nothing passes to and from a process for a while, and then everything that waited. */
  | { readonly kind: 'partition'; readonly victim: Victim; readonly milliseconds: number }
  /** No byte can be written for a while. */
  | { readonly kind: 'diskFull'; readonly milliseconds: number }
  /** The newest checkpoint is altered, and the coordinator killed, so that it is read. */
  | {
      readonly kind: 'corruption';
      readonly how: 'flip' | 'truncate';
      /** Which file of the checkpoint, and where in it: both in [0, 1). */
      readonly file: number;
      readonly place: number;
    };

export type FaultKind = FaultAction['kind'];

export interface Fault {
  /** From 0. */
  readonly number: number;
  readonly seed: number;
  /**
   * Steps that the run has to make before it: 0 hits while the fault before is being recovered from.
   */
  readonly afterSteps: number;
  /** And then so long, to hit any point of a step. */
  readonly afterMilliseconds: number;
  readonly action: FaultAction;
}

export interface StormOptions {
  readonly seed: number;
  readonly faults: number;
  /** Kinds that are possible where the storm is, each with its share. */
  readonly shares: Partial<Record<FaultKind, number>>;
  /** The processes at the start. */
  readonly workers: number;
  readonly servers: number;
  /** More victims than the run's own processes, each as likely as one of them. */
  readonly others: readonly OtherVictim[];
}

export const MOST_WORKERS = 4;
const MOST_SERVERS = 3;

/** Faults that come without a step in between: a task may be leased eight times, so the number is bounded. */
export const LONGEST_BURST = 5;

export function scheduleFaults(options: StormOptions): Fault[] {
  const faults: Fault[] = [];
  let { workers, servers } = options;
  let burst = 0;
  for (let number = 0; number < options.faults; number++) {
    const random = new RandomStream(options.seed, `fault/${number}`);
    const goesOn = burst < LONGEST_BURST && random.uniform() < 0.75;
    burst = goesOn ? burst + 1 : 1;
    const afterSteps = goesOn && number > 0 ? 0 : 1 + random.integer(2);
    const afterMilliseconds = random.integer(400);
    const action = drawAction(random, { ...options, workers, servers });
    if (action.kind === 'rescale' || action.kind === 'resume') workers = action.workers;
    if (action.kind === 'resume') servers = action.servers;
    faults.push({ number, seed: options.seed, afterSteps, afterMilliseconds, action });
  }
  return faults;
}

function drawAction(random: RandomStream, options: StormOptions): FaultAction {
  const kind = drawKind(random, options.shares);
  switch (kind) {
    case 'kill':
      return { kind, victim: drawVictim(random, options, options.others) };
    case 'pause': {
      const victim = drawVictim(random, options, options.others);
      return { kind, victim, milliseconds: drawPause(random) };
    }
    case 'rescale':
      return { kind, workers: otherThan(options.workers, MOST_WORKERS, random) };
    case 'resume':
      return { kind, workers: 1 + random.integer(MOST_WORKERS), servers: 1 + random.integer(MOST_SERVERS) };
    case 'delay': {
      const victim = drawVictim(random, options, []);
      return { kind, victim, milliseconds: 500 + random.integer(2_500), each: 5 + random.integer(60) };
    }
    case 'drop':
      return { kind, victim: drawVictim(random, options, []) };
    case 'partition':
      return { kind, victim: drawVictim(random, options, []), milliseconds: drawPause(random) };
    case 'diskFull':
      return { kind, milliseconds: 200 + random.integer(2_500) };
    case 'corruption': {
      const how = random.integer(2) === 0 ? 'flip' : 'truncate';
      return { kind, how, file: random.uniform(), place: random.uniform() };
    }
  }
}

function drawKind(random: RandomStream, shares: StormOptions['shares']): FaultKind {
  const entries = Object.entries(shares) as [FaultKind, number][];
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  let left = random.uniform() * sum;
  for (const [kind, share] of entries) {
    left -= share;
    if (left < 0) return kind;
  }
  throw new RangeError('a storm needs at least one kind of fault with a share above 0');
}

/** Roles first, so that one coordinator is hit as often as four workers together. */
function drawVictim(
  random: RandomStream,
  { workers, servers }: StormOptions,
  others: StormOptions['others'],
): Victim {
  const drawn = [...ROLES, ...others][random.integer(ROLES.length + others.length)]!;
  if (drawn === 'leader' || drawn === 'apiServer') return { role: drawn };
  const counts = { coordinator: 1, server: servers, worker: workers };
  return { role: drawn, index: random.integer(counts[drawn]) };
}

/** Mostly shorter than any time limit; one in twenty outlasts the leases and the patience with a server. */
function drawPause(random: RandomStream): number {
  const kind = random.integer(20);
  if (kind === 0) return 16_000 + random.integer(4_000);
  if (kind < 6) return 1_500 + random.integer(3_500);
  return 50 + random.integer(1_450);
}

function otherThan(present: number, most: number, random: RandomStream): number {
  const drawn = 1 + random.integer(most - 1);
  return drawn < present ? drawn : drawn + 1;
}

/** `kill worker 2`, `rescale to 4 workers`: for people. */
export function describeFault(action: FaultAction): string {
  const ms = (value: number): string => `${(value / 1000).toFixed(1)} s`;
  switch (action.kind) {
    case 'kill':
    case 'drop':
      return `${action.kind} ${describeVictim(action.victim)}`;
    case 'pause':
    case 'partition':
      return `${action.kind} ${describeVictim(action.victim)} for ${ms(action.milliseconds)}`;
    case 'delay':
      return `delay ${describeVictim(action.victim)} by ${action.each} ms for ${ms(action.milliseconds)}`;
    case 'rescale':
      return `rescale to ${action.workers} workers`;
    case 'resume':
      return `stop, and resume with ${action.workers} workers and ${action.servers} servers`;
    case 'diskFull':
      return `disk full for ${ms(action.milliseconds)}`;
    case 'corruption':
      return `${action.how} the newest checkpoint, and kill the coordinator`;
  }
}

export function describeVictim(victim: Victim): string {
  if ('index' in victim) return `${victim.role} ${victim.index}`;
  return victim.role === 'apiServer' ? 'API server' : victim.role;
}
