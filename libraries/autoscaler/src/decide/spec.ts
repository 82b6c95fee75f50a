/** What the user may choose; the names are those of `spec.autoscaling`. */

import { autoscalingDefaults, MOST_SERVERS, type WsiTrainingJobSpec } from '@wsi-operator/api';

export type Objective = NonNullable<WsiTrainingJobSpec['autoscaling']>['objective'];

export interface AutoscalingSpec {
  readonly objective: Objective;
  readonly minimumWorkers: number;
  /** Without it: as many as there are blocks in a step. */
  readonly maximumWorkers?: number;
  readonly minimumServers: number;
  readonly maximumServers: number;
  /** Least marginal gain of a worker, relative to what the first one brings. */
  readonly efficiencyFloor: number;
  /** Throughput to reach; then no more workers than that takes, whatever the objective. */
  readonly tilesPerSecond?: number;
  readonly workerCostPerHour: number;
  readonly serverCostPerHour: number;
  /** Of an hour that the run lasts: what having the result an hour earlier is worth. */
  readonly waitingCostPerHour: number;
  /** For how long a larger size must have been right before it is taken. */
  readonly stabilisationSeconds: number;
  /** For how long a smaller one must have been. */
  readonly scaleDownStabilisationSeconds: number;
  /** Gains predicted to be smaller than that move nothing. */
  readonly tolerance: number;
  readonly memory: { readonly raise: boolean; readonly maximumBytes?: number; readonly headroom: number };
  readonly stragglers: { readonly replace: boolean; readonly slowdown: number };
}

type Chosen<Whole> = { readonly [Field in keyof Whole]?: Whole[Field] | undefined };

/** Fields that are given; those of `memory` and `stragglers` one by one. */
export type AutoscalingChoice = Chosen<Omit<AutoscalingSpec, 'memory' | 'stragglers'>> & {
  readonly memory?: Chosen<AutoscalingSpec['memory']> | undefined;
  readonly stragglers?: Chosen<AutoscalingSpec['stragglers']> | undefined;
};

/** Those of the job; how many servers it may have, its spec says. */
const DEFAULTS: AutoscalingSpec = {
  ...autoscalingDefaults(),
  minimumServers: 1,
  maximumServers: MOST_SERVERS,
};

export function autoscalingSpec(choice: AutoscalingChoice = {}): AutoscalingSpec {
  const { memory, stragglers, ...rest } = choice;
  return {
    ...DEFAULTS,
    ...given(rest),
    memory: { ...DEFAULTS.memory, ...given(memory ?? {}) },
    stragglers: { ...DEFAULTS.stragglers, ...given(stragglers ?? {}) },
  };
}

function given<Fields extends object>(
  fields: Fields,
): { [F in keyof Fields]: Exclude<Fields[F], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [F in keyof Fields]: Exclude<Fields[F], undefined>;
  };
}
