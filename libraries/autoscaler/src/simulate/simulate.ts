/** All policies on the same trace, and what came of it. */
import { WsiError } from '@wsi-operator/foundation';
import { CONDITIONS, type Conditions } from './conditions.ts';
import { cpuRule, fixed, optimus, pollux } from './policies/baselines.ts';
import { oracle } from './policies/oracle.ts';
import { ours, type Preference } from './policies/ours.ts';
import type { Policy } from './policy.ts';
import { Simulation, type JobResult } from './simulation.ts';
import { drawTrace, type TracedJob } from './trace.ts';

export const POLICY_NAMES = [
  'ours',
  'oracle',
  'fixed-1',
  'fixed-2',
  'fixed-4',
  'fixed-8',
  'cpu',
  'optimus',
  'pollux',
] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

export interface SimulationOptions {
  /** Number of jobs to draw; ignored with a trace. */
  readonly jobs?: number;
  readonly seed?: number;
  /** Work that arrives as a share of what the devices can do at one worker a job; ignored with a trace. */
  readonly load?: number;
  readonly trace?: readonly TracedJob[];
  readonly policies?: readonly PolicyName[];
  readonly conditions?: Partial<Conditions>;
  /** Of `ours`. A higher price of waiting spends more devices and less time. */
  readonly preference?: Preference;
  readonly onProgress?: (progress: {
    readonly policy: PolicyName;
    readonly ended: number;
    readonly jobs: number;
  }) => void;
}

export interface PolicyResult {
  readonly policy: PolicyName;
  readonly jobs: number;
  /** From arrival to end, waiting included. */
  readonly meanHours: number;
  readonly medianHours: number;
  readonly p95Hours: number;
  readonly deviceHours: number;
  /** Changes of size a job. */
  readonly rescales: number;
  /** Until the last job has ended. */
  readonly makespanHours: number;
}

export const SIMULATION_DEFAULTS = { jobs: 200, seed: 1, load: 0.6 } as const;

/** @throws WsiError InvalidArgument */
export function simulate(options: SimulationOptions = {}): readonly PolicyResult[] {
  const { jobs, seed, load } = { ...SIMULATION_DEFAULTS, ...options };
  const conditions = { ...CONDITIONS, ...options.conditions };
  const devices = conditions.nodes * conditions.devicesPerNode;
  for (const [name, value, whole] of [
    ['jobs', jobs, true],
    ['nodes', conditions.nodes, true],
    ['devices', conditions.devicesPerNode, true],
    ['load', load, false],
  ] as const) {
    if (!(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
      throw new WsiError(
        'InvalidArgument',
        `${name} must be a ${whole ? 'whole ' : ''}number above 0, not ${value}`,
      );
    }
  }
  const trace = options.trace ?? drawTrace({ jobs, seed, devices, load });
  return (options.policies ?? POLICY_NAMES).map((name) => {
    const simulation = new Simulation(trace, policyOf(name, trace, options.preference), conditions, seed);
    const results = simulation.run((ended) =>
      options.onProgress?.({ policy: name, ended, jobs: trace.length }),
    );
    return summary(name, results);
  });
}

function policyOf(name: PolicyName, trace: readonly TracedJob[], preference?: Preference): Policy {
  switch (name) {
    case 'ours':
      return ours(preference);
    case 'oracle':
      return oracle(trace);
    case 'cpu':
      return cpuRule();
    case 'optimus':
      return optimus();
    case 'pollux':
      return pollux();
    default:
      return fixed(Number(name.slice('fixed-'.length)));
  }
}

function summary(policy: PolicyName, results: readonly JobResult[]): PolicyResult {
  const hours = results.map(({ completionSeconds }) => completionSeconds / 3600).sort((a, b) => a - b);
  const total = (value: (result: JobResult) => number): number =>
    results.reduce((sum, result) => sum + value(result), 0);
  const ends = results.map(({ arrivalSeconds, completionSeconds }) => arrivalSeconds + completionSeconds);
  return {
    policy,
    jobs: results.length,
    meanHours: total(({ completionSeconds }) => completionSeconds) / 3600 / results.length,
    medianHours: quantile(hours, 0.5),
    p95Hours: quantile(hours, 0.95),
    deviceHours: total(({ deviceSeconds }) => deviceSeconds) / 3600,
    rescales: total(({ rescales }) => rescales) / results.length,
    makespanHours: Math.max(...ends) / 3600,
  };
}

/** @param sorted ascending */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
