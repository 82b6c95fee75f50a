/** Classes that are not equally frequent: weights of their bags in the loss, and epochs with as many bags of each. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { publicText, type RandomStream, WsiError } from '@wsi-operator/foundation';
import type { BagOutcome } from '../heads/index.ts';

type Training = Pick<WsiTrainingJobSpec['training'], 'classWeights' | 'labelSmoothing'>;

/**
 * The outcomes as the loss of the job takes them.
 * @param outcomes of the training bags
 * @param classes of the cohort, in order
 * @throws WsiError `InvalidCohort` when `weights` names other classes than the cohort has
 */
export function targetsOf(
  outcomes: readonly BagOutcome[],
  classes: readonly string[],
  { classWeights, labelSmoothing }: Training,
): readonly BagOutcome[] {
  if (classWeights === undefined && labelSmoothing === undefined) return outcomes;
  const weights = weightsOf(outcomes, classes, classWeights);
  return outcomes.map((outcome) =>
    outcome.type === 'classification'
      ? { ...outcome, target: { weight: weights[outcome.index]!, smoothing: labelSmoothing ?? 0 } }
      : outcome,
  );
}

/**
 * `balanced`: n / (k n_c), for k classes with bags, of which n_c of n are of class c: the mean weight of the bags is 1, and every
 * class has the same sum (King and Zeng, Logistic regression in rare events data, 2001).
 */
function weightsOf(
  outcomes: readonly BagOutcome[],
  classes: readonly string[],
  classWeights: Training['classWeights'],
): readonly number[] {
  if (classWeights === undefined) return classes.map(() => 1);
  if (classWeights.method === 'given') return givenWeights(classes, classWeights.weights);
  const counts = classes.map(
    (_, index) => outcomes.filter((of) => of.type === 'classification' && of.index === index).length,
  );
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : outcomes.length / (present * count)));
}

function givenWeights(classes: readonly string[], weights: Readonly<Record<string, number>>): number[] {
  const missing = classes.filter((name) => weights[name] === undefined);
  const unknown = Object.keys(weights).filter((name) => !classes.includes(name));
  if (missing.length > 0 || unknown.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`no weight for ${missing.join(', ')}`] : []),
      ...(unknown.length > 0 ? [`no class is called ${unknown.join(', ')}`] : []),
    ];
    throw new WsiError('InvalidCohort', parts.join('; '), {
      where: 'spec.training.classWeights.weights',
      remedy: publicText`Give a weight for every class of the table, in its spelling.`,
    });
  }
  return classes.map((name) => weights[name]!);
}

/**
 * An epoch with the same number of bags of each class: as many steps as bags in their natural frequency would make, and in each
 * round of as many bags as there are classes, one of each class. A class is gone through in random order, again and again: of
 * a small one, bags come several times; of a large one, only some.
 * @param labels class of each training bag
 * @returns indices into the training bags, by step
 */
export function balancedEpoch(
  labels: readonly number[],
  slidesPerStep: number,
  stream: RandomStream,
): number[][] {
  const byClass = [...Map.groupBy(labels.keys(), (bag) => labels[bag]!)].sort(([a], [b]) => a - b);
  const waiting = byClass.map(() => [] as number[]);
  const bags: number[] = [];
  while (bags.length < labels.length) {
    for (const place of stream.shuffled([...byClass.keys()])) {
      if (waiting[place]!.length === 0) waiting[place] = stream.shuffled(byClass[place]![1]);
      bags.push(waiting[place]!.pop()!);
    }
  }
  const steps: number[][] = [];
  for (let start = 0; start < labels.length; start += slidesPerStep) {
    steps.push(bags.slice(start, Math.min(start + slidesPerStep, labels.length)));
  }
  return steps;
}
