/**
 * A size that the queue can never admit, such as one that is larger than all of its quota: a job that was stopped (evicted,
 * suspended, killed for memory) and has grown since would wait for ever. It goes back to what it ran with.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { PlanEvent } from '../job/actions.ts';
import { askAgainAt } from './ask-again.ts';
import { proveMemoryInQueue, type Proof, type ProofInput } from './proof.ts';
import { recorded } from './record.ts';
import { proveServersInQueue } from './servers-proof.ts';
import { autoscalingSettings, workersWithin } from './settings.ts';
import type { Standing } from './standing.ts';
import type { Autoscaled } from './input.ts';

/**
 * @param input `fixedPods`: the queue admits all workers together, so that their number may be what it cannot admit
 * @param words of the queue, why it never can
 */
export function settleForQueue(
  input: ProofInput & { readonly fixedPods: boolean },
  { autoscaling, events }: Standing,
  words: string,
): Autoscaled {
  const { job, now } = input;
  if (job.spec.autoscaling === undefined || autoscaling === undefined) {
    return { autoscaling, events, due: [] };
  }
  const memory = proveMemoryInQueue(input, words, { autoscaling, events: [], due: [] });
  const servers = proveServersInQueue(job, words, now, memory);
  const proof = input.fixedPods ? proveWorkersInQueue(job, words, now, servers) : servers;
  return { ...proof, events: [...events, ...proof.events] };
}

/** Back to the number of the spec: more are asked for again after a while. */
function proveWorkersInQueue(job: WsiTrainingJob, words: string, now: number, before: Proof): Proof {
  const { autoscaling } = before;
  const from = autoscaling.workers ?? 0;
  const to = workersWithin(autoscalingSettings(job), job.spec.workers.replicas);
  if (from <= to) return before;
  const tries = (autoscaling.quota?.tries ?? 0) + 1;
  const until = askAgainAt(tries, now);
  const reason = `back from ${from} to ${to} workers: the queue can never admit more (${words}); they are asked for again after ${until}`;
  const next = { ...autoscaling, workers: to, quota: { workers: to, until, tries } };
  const { autoscaling: decided } = recorded(next, [{ what: 'workers', from, to, reason }], now);
  const event: PlanEvent = { type: 'Warning', reason: 'WorkersRefused', message: reason.slice(0, 1024) };
  return { autoscaling: decided, events: [...before.events, event], due: [...before.due, now] };
}
