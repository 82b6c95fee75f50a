/** Learning rates as a pure function of the step: nothing to save, and the same after a resume. */

export type ScheduleSpec = {
  /** Steps over which the rate rises linearly from a fraction of itself to its full value; 0 = none. */
  readonly warmupSteps?: number;
} & (
  | { readonly name: 'constant' }
  /** Half a cosine from the full rate down to `finalFraction` of it (default 0) just after the last step: no step is wasted. */
  | { readonly name: 'cosine'; readonly finalFraction?: number }
  /** Multiplied by `factor` (default 0.1) after every `everySteps` steps that follow the warm-up. */
  | { readonly name: 'step'; readonly everySteps: number; readonly factor?: number }
);

export interface LearningRateSpec {
  /** The full rate. */
  readonly learningRate: number;
  readonly schedule?: ScheduleSpec;
}

/**
 * Linear warm-up as in Goyal et al. (2017), cosine without restarts as in Loshchilov and Hutter (2017).
 *
 * @param step 0-based: how many updates were applied before
 * @param totalSteps of the run
 */
export function learningRateAt(spec: LearningRateSpec, step: number, totalSteps: number): number {
  const { learningRate, schedule = { name: 'constant' } } = spec;
  const warmup = Math.min(schedule.warmupSteps ?? 0, totalSteps);
  if (step < warmup) return (learningRate * (step + 1)) / (warmup + 1);
  const done = step - warmup;
  switch (schedule.name) {
    case 'constant':
      return learningRate;
    case 'step':
      return learningRate * Math.pow(schedule.factor ?? 0.1, Math.floor(done / schedule.everySteps));
    case 'cosine': {
      const least = schedule.finalFraction ?? 0;
      const fraction = Math.min(done / Math.max(totalSteps - warmup, 1), 1);
      return learningRate * (least + ((1 - least) * (1 + Math.cos(Math.PI * fraction))) / 2);
    }
  }
}
