/** The loss of training as a run's result gives it: of the whole last epoch, not of the step that happened to be last. */
import type { PlannedBag } from '../../plan/bags.ts';
import { stepLines } from './metrics-log.ts';
import type { StepPlan } from '../../plan/plan.ts';

/**
 * The mean of the last epoch's losses, each step weighted by what its loss is a mean over: its bags (cross-entropy) or
 * its events (Cox). A step's loss is of the parameters that the step began with.
 * @param metrics text of `metrics.jsonl`
 * @param trainingBags what the steps' indices mean
 * @returns undefined when the line of one of the epoch's steps is missing, or no event was in any
 */
export function lastEpochLoss(
  metrics: string,
  steps: readonly StepPlan[],
  trainingBags: readonly Pick<PlannedBag, 'outcome'>[],
): number | undefined {
  const epoch = steps.at(-1)?.epoch;
  const losses = new Map(stepLines(metrics).map(({ step, loss }) => [step, loss]));
  let [sum, total] = [0, 0];
  for (const { step, bags } of steps.filter((of) => of.epoch === epoch)) {
    const loss = losses.get(step);
    if (loss === undefined) return undefined;
    const terms = bags.filter((index) => {
      const outcome = trainingBags[index]?.outcome;
      return outcome !== undefined && isTerm(outcome);
    }).length;
    sum += loss * terms;
    total += terms;
  }
  return total === 0 ? undefined : sum / total;
}

/** Whether the loss of a step has a term for a bag of this outcome. */
function isTerm(outcome: PlannedBag['outcome']): boolean {
  switch (outcome.type) {
    case 'classification':
      return true;
    case 'survival':
      return outcome.event;
  }
}
