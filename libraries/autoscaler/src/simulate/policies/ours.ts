/** allocateWorkers() for the shares, decide() for each job: the code that the operator runs. */
import { allocateWorkers, type Claim } from '../../allocate/allocate.ts';
import { decide, NO_HISTORY, type Decision, type History } from '../../decide/decide.ts';
import { autoscalingSpec, type AutoscalingSpec } from '../../decide/spec.ts';
import type { Allocation, ClusterView, JobView, Policy } from '../policy.ts';
import { ModelStore } from './model-store.ts';

/** What is chosen of ours. */
export interface Preference {
  /** What it is worth that a job ends an hour earlier, in hours of a device. */
  readonly waitingCost?: number;
  /** In place of it: the least marginal gain of a worker. */
  readonly efficiencyFloor?: number;
}

/**
 * Of each job alone; how far a job really goes is for the shares to say, too. The highest price at which no more devices
 * are used than by any baseline that comes near in time; chosen on seeds 1 to 6, for which no result is reported.
 */
const WAITING_COST = 64;
/** Of shares, where the price decides: less than that is not worth a start. */
const LEAST_GAIN = 0.02;

export function ours({ waitingCost = WAITING_COST, efficiencyFloor }: Preference = {}): Policy {
  const store = new ModelStore();
  const histories = new Map<string, History>();
  const prices = { workerCostPerHour: 1, serverCostPerHour: 0, waitingCostPerHour: waitingCost };
  const spec = autoscalingSpec(
    efficiencyFloor === undefined
      ? { objective: 'cost', ...prices, efficiencyFloor: LEAST_GAIN }
      : { objective: 'efficiency', efficiencyFloor },
  );
  return {
    name: 'ours',
    interval: 30,
    allocate: (view) => allocate({ view, store, histories, spec }),
    finished: (job) => {
      store.finished(job);
      histories.delete(job.id);
    },
  };
}

interface Context {
  readonly view: ClusterView;
  readonly store: ModelStore;
  readonly histories: Map<string, History>;
  readonly spec: AutoscalingSpec;
}

function allocate(context: Context): Allocation {
  const { view, store, histories, spec } = context;
  const claims = view.jobs.map((job) => claimOf(job, store));
  const options = { efficiencyFloor: spec.efficiencyFloor };
  const first = allocateWorkers(claims, view.capacity, options);
  const decisions = new Map<string, Decision>();
  for (const job of view.jobs) {
    const share = first.get(job.id)!;
    if (share >= 1) decisions.set(job.id, decideOne(context, job, share));
  }
  // What a job does not take of its share (a window holds it back, or the move does not pay) is for the others.
  const modest = claims.map((claim) => {
    const taken = decisions.get(claim.id)?.workers ?? 0;
    return taken >= first.get(claim.id)! ? claim : { ...claim, table: claim.table.slice(0, taken + 1) };
  });
  const second = allocateWorkers(modest, view.capacity, options);
  for (const job of view.jobs) {
    const share = second.get(job.id)!;
    if (share >= 1 && share !== first.get(job.id)) decisions.set(job.id, decideOne(context, job, share));
  }
  const replace = new Map<string, readonly string[]>();
  const workers = new Map<string, number>();
  for (const [id, decision] of decisions) {
    histories.set(id, decision.history);
    workers.set(id, decision.workers);
    if (decision.replace.length > 0) replace.set(id, decision.replace);
  }
  return { workers, replace };
}

function decideOne({ view, store, histories, spec }: Context, job: JobView, share: number): Decision {
  const model = store.modelOf(job);
  return decide({
    ...(model === undefined ? {} : { model }),
    observations: job.observations,
    spec: { ...spec, maximumWorkers: job.maximumWorkers },
    limits: {
      quotaWorkers: share,
      rescaleSeconds: view.startSeconds,
      remainingTiles: job.remainingTiles,
    },
    history: histories.get(job.id) ?? NO_HISTORY,
    current: { workers: job.workers, servers: job.servers },
    now: view.seconds * 1000,
    workerRates: job.workerRates(),
  });
}

function claimOf(job: JobView, store: ModelStore): Claim {
  const model = store.modelOf(job);
  const table = store.tableOf(job);
  const seen = Math.max(1, job.workers, ...job.observations.map(({ workers }) => workers));
  // decide() goes no further than twice what was measured: what it would not take is for others.
  const most = model?.throughput.warm === true ? table.length - 1 : 2 * seen;
  return {
    id: job.id,
    remainingTiles: job.remainingTiles,
    table: table.slice(0, most + 1),
    minimum: 1,
    current: job.workers,
  };
}
