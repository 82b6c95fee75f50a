/** allocateWorkers() for the shares, decide() for each job: the code that the operator runs. */
import { allocateWorkers, type Claim } from '../../allocate/allocate.ts';
import { decide, NO_HISTORY, type History } from '../../decide/decide.ts';
import { autoscalingSpec, type AutoscalingSpec } from '../../decide/spec.ts';
import type { Allocation, ClusterView, JobView, Policy } from '../policy.ts';
import { ModelStore } from './model-store.ts';

/** Of each job alone; how far a job really goes is for the shares to say. */
export const SIMULATED_FLOOR = 0.3;

export function ours(efficiencyFloor = SIMULATED_FLOOR): Policy {
  const store = new ModelStore();
  const histories = new Map<string, History>();
  const spec = autoscalingSpec({ objective: 'efficiency', efficiencyFloor });
  return {
    name: 'ours',
    interval: 30,
    allocate: (view) => allocate(view, store, histories, spec),
    finished: (job) => {
      store.finished(job);
      histories.delete(job.id);
    },
  };
}

function allocate(
  view: ClusterView,
  store: ModelStore,
  histories: Map<string, History>,
  spec: AutoscalingSpec,
): Allocation {
  const claims = view.jobs.map((job) => claimOf(job, store));
  const shares = allocateWorkers(claims, view.capacity, { efficiencyFloor: spec.efficiencyFloor });
  const workers = new Map<string, number>();
  const replace = new Map<string, readonly string[]>();
  for (const job of view.jobs) {
    const share = shares.get(job.id) ?? 0;
    if (share < 1) continue;
    const model = store.modelOf(job);
    const decision = decide({
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
    histories.set(job.id, decision.history);
    workers.set(job.id, decision.workers);
    if (decision.replace.length > 0) replace.set(job.id, decision.replace);
  }
  return { workers, replace };
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
    table: table.subarray(0, most + 1),
    minimum: 1,
    current: job.workers,
  };
}
