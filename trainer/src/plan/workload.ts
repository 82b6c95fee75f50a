/** What of a planned run decides its cost, and how much of it is left; pure functions of the plan. */
import type { Workload } from '@wsi-operator/protocol';
import type { PlannedBag } from './bags.ts';
import type { StepPlan } from './plan.ts';

/** A tile of an evaluation is computed once, one of a training step twice. */
export const EVALUATED = 0.5;

export interface WorkPlan {
  readonly workload: Workload;
  /** Tiles of a step. */
  stepTiles(step: number): number;
  /** Tiles that are left after so many steps; the last evaluation is done to that share. */
  remainingTiles(step: number, evaluated: number): number;
}

export function planWork(
  { steps, bags }: { readonly steps: readonly StepPlan[]; readonly bags: readonly PlannedBag[] },
  parts: {
    readonly parameterBytes: number;
    readonly patches: { readonly size: number; readonly batch: number };
  },
): WorkPlan {
  const training = bags.filter((bag) => bag.case.split === 'train');
  const tilesOf = (some: readonly PlannedBag[]): number => some.reduce((sum, { tiles }) => sum + tiles, 0);
  const validation = tilesOf(bags.filter((bag) => bag.case.split === 'validation'));
  const stepTiles = steps.map((plan) => tilesOf(plan.bags.map((index) => training[index]!)));
  const blocks = steps.reduce(
    (sum, plan) => sum + plan.bags.reduce((of, index) => of + training[index]!.blocks.length, 0),
    0,
  );
  /** Of the steps from this one on, with the validations that follow them. */
  const left = new Float64Array(steps.length + 1);
  for (let step = steps.length - 1; step >= 0; step -= 1) {
    const endsEpoch = steps[step + 1]?.epoch !== steps[step]!.epoch;
    left[step] = left[step + 1]! + stepTiles[step]! + (endsEpoch ? validation * EVALUATED : 0);
  }
  const evaluation = tilesOf(bags) * EVALUATED;
  const count = Math.max(1, steps.length);
  const { size, batch } = parts.patches;
  return {
    workload: {
      tilesPerStep: stepTiles.reduce((sum, tiles) => sum + tiles, 0) / count,
      blocksPerStep: blocks / count,
      parameterBytes: parts.parameterBytes,
      patchSize: size,
      batch,
    },
    stepTiles: (step) => stepTiles[step] ?? 0,
    remainingTiles: (step, evaluated) =>
      Math.round(left[Math.min(step, steps.length)]! + evaluation * (1 - evaluated)),
  };
}
