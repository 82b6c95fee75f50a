/** A bag of a cohort with what the model says of it, as `predictions.json` has it. */
import type { ScoredBag } from '../aggregators/index.ts';
import type { PlannedBag } from '../plan/bags.ts';

export interface Prediction extends Pick<ScoredBag, 'score' | 'probabilities'> {
  readonly patient: string;
  readonly bag: string;
  readonly slides: readonly string[];
  readonly split: string;
  readonly outcome: PlannedBag['case']['outcome'];
  readonly treatment?: string;
}
