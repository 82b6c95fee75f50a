/** What the performance model of a job says, and what it would have the job do at other sizes (pure). */
import type { AutoscalingStatus, WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import {
  explain,
  parseModel,
  type ExplainedSize,
  type Limits,
  type PerformanceModel,
} from '@wsi-operator/autoscaler';
import { canonicalJson, WsiError } from '@wsi-operator/foundation';
import { autoscalingOf, thisMachine, type Machine } from '@wsi-operator/operator';

export interface ExplainedJob {
  readonly name: string;
  readonly spec: Pick<WsiTrainingJob['spec'], 'autoscaling'> & {
    readonly workers: { readonly replicas: number };
    readonly parameterServers: { readonly replicas: number };
  };
  readonly status?: WsiTrainingJobStatus | undefined;
  /** Of a local run: where it ran; undefined when that was not written down. Absent for a job of a cluster. */
  readonly machine?: Machine | undefined;
}

export interface Explanation {
  readonly job: string;
  /** Jobs with the same one may begin with each other's model. */
  readonly shape: string;
  readonly model: PerformanceModel;
  readonly coefficients: readonly Coefficient[];
  /** What was measured, and so for what the table holds: a sentence. */
  readonly holdsFor: string;
  /** The job whose model this one began with. */
  readonly warmStart?: string;
  readonly autoscaled: boolean;
  readonly workers: number;
  readonly servers: number;
  readonly advisedServers?: number;
  readonly predicted?: AutoscalingStatus['predicted'];
  readonly reason?: string;
  readonly advice: readonly string[];
  readonly decisions: NonNullable<AutoscalingStatus['decisions']>;
  readonly limits: Limits;
  readonly sizes: readonly ExplainedSize[];
}

export interface Coefficient {
  readonly name: string;
  readonly value: number;
  /** Standard deviation. */
  readonly deviation: number;
  readonly unit: string;
  readonly is: string;
}

const COEFFICIENTS = [
  ['s', 'what a step takes whatever the size'],
  ['s', 'a tile, on one worker'],
  ['s', 'a byte of the parameters through one server'],
  ['s', 'a worker more to hand out to and to wait for'],
  ['s', 'a server more to commit on'],
] as const;

/**
 * @param servers numbers of servers to show; the present one is always there
 * @throws WsiError NotFound when nothing was measured yet
 */
export function explanation(job: ExplainedJob, servers: readonly number[], now: number): Explanation {
  const known = job.status?.autoscaling ?? {};
  const model = parseModel(known.model ?? '');
  if (model === undefined) {
    throw new WsiError('NotFound', 'has no performance model yet', {
      where: job.name,
      remedy: 'It is fitted once the first steps are done; a job that has ended without any has none.',
    });
  }
  const autoscaling = autoscalingOf(job);
  const present = known.servers ?? job.spec.parameterServers.replicas;
  const counts = [...new Set([present, ...servers])].sort((a, b) => a - b);
  const limits = autoscaling.limits(now);
  return {
    job: job.name,
    shape: known.shape ?? '',
    model,
    coefficients: COEFFICIENTS.map(([unit, is], i) => ({
      name: `θ${i}`,
      value: model.throughput.coefficients[i] ?? 0,
      deviation: Math.sqrt(Math.max(0, model.throughput.covariance[i]?.[i] ?? 0)),
      unit,
      is,
    })),
    holdsFor: holdsFor(job),
    ...(known.warmStart === undefined ? {} : { warmStart: known.warmStart.job }),
    autoscaled: job.spec.autoscaling !== undefined,
    workers: known.workers ?? job.spec.workers.replicas,
    servers: present,
    ...(known.advisedServers === undefined ? {} : { advisedServers: known.advisedServers }),
    ...(known.predicted === undefined ? {} : { predicted: known.predicted }),
    ...(known.reason === undefined ? {} : { reason: known.reason }),
    advice: known.advice ?? [],
    decisions: known.decisions ?? [],
    limits,
    sizes: explain(model, autoscaling.settings(), limits, counts),
  };
}

/** Times of one machine say nothing of another; nor is any of it taken from other users' runs. */
function holdsFor(job: ExplainedJob): string {
  if (!('machine' in job)) {
    return "the nodes that this job's pods run on; no models of other namespaces are used";
  }
  const { machine } = job;
  if (machine === undefined) {
    return 'the machine that it ran on, with what else ran there; no models of other users are used';
  }
  const { host, processors, processor } = machine;
  const where = `${host} (${processors} x ${processor === '' ? 'processor' : processor})`;
  const here = canonicalJson(machine) === canonicalJson(thisMachine());
  return `${here ? 'this machine' : 'another machine than this'}, ${where}, with what else ran there; no models of other users are used`;
}
