/** `wsi simulate`: policies that size jobs on one simulated cluster, side by side. */
import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import {
  CONDITIONS,
  POLICY_NAMES,
  simulate,
  SIMULATION_DEFAULTS,
  traceFromCsv,
  type PolicyName,
  type PolicyResult,
  type SimulationOptions,
} from '@wsi-operator/autoscaler';
import { decimalNumber, WsiError } from '@wsi-operator/foundation';
import { standardOutput } from '../terminal/streams.ts';

const EXAMPLES = `
Policies: ours (the code that sizes real jobs), oracle (the same rule, with the true
speeds), fixed-N (N workers a job, first come first served), cpu (as an autoscaler on
processor use), optimus (greedy by remaining time), pollux (mean speedup over a fair
share). All see what is measured; only the oracle sees what is true.

Examples:
  wsi simulate --jobs 200 --seed 1
  wsi simulate --policy ours pollux --seeds 10 --json
  wsi simulate --policy ours --waiting-cost 4
  wsi simulate --trace arrivals.csv --nodes 500 --devices 8`;

export interface SimulateFlags {
  readonly jobs: number;
  readonly seed: number;
  readonly seeds: number;
  readonly load: number;
  readonly nodes: number;
  readonly devices: number;
  readonly waitingCost?: number;
  readonly floor?: number;
  readonly policy?: readonly PolicyName[];
  readonly trace?: string;
  readonly json?: true;
}

export function registerSimulate(program: Command): void {
  const number = (flags: string, description: string, value: number): Option =>
    new Option(flags, description).argParser(decimalNumber()).default(value);
  program
    .command('simulate')
    .summary('compare autoscaling policies on a simulated cluster')
    .description(
      'Simulate jobs that arrive at a cluster with contention, failures, preemption and\n' +
        'stragglers, under each policy: time from arrival to end, device-hours, rescales.\n' +
        'All policies meet the same jobs and faults; a seed gives the same numbers again.',
    )
    .addOption(number('--jobs <count>', 'jobs that arrive', SIMULATION_DEFAULTS.jobs))
    .addOption(number('--seed <number>', 'seed of jobs, faults and noise', SIMULATION_DEFAULTS.seed))
    .addOption(number('--seeds <count>', 'so many seeds, from --seed on; the table has means over them', 1))
    .addOption(
      number('--load <share>', 'work that arrives, as a share of the devices', SIMULATION_DEFAULTS.load),
    )
    .addOption(number('--nodes <count>', 'nodes', CONDITIONS.nodes))
    .addOption(number('--devices <count>', 'devices a node', CONDITIONS.devicesPerNode))
    .addOption(
      new Option(
        '--waiting-cost <hours>',
        'of ours: device-hours that it is worth to end a job an hour earlier',
      ).argParser(decimalNumber()),
    )
    .addOption(
      new Option('--floor <share>', 'of ours, without that price: least marginal gain of a worker, 0 to 1')
        .argParser(decimalNumber())
        .conflicts('waitingCost'),
    )
    .addOption(new Option('--policy <name...>', 'policies to run (default: all)').choices([...POLICY_NAMES]))
    .option('--trace <file.csv>', 'arrivals: arrival_seconds,encoder,patch_size,tiles')
    .option('--json', 'print one JSON object with the results of every seed')
    .addHelpText('after', EXAMPLES)
    .action((flags: SimulateFlags) => {
      standardOutput.write(simulated(flags));
    });
}

interface SeedResults {
  readonly seed: number;
  readonly results: readonly PolicyResult[];
}

/** @throws WsiError InvalidArgument */
export function simulated(flags: SimulateFlags): string {
  checkSeeds(flags);
  const bySeed = Array.from({ length: flags.seeds }, (_, i): SeedResults => {
    const seed = flags.seed + i;
    return { seed, results: simulate(optionsOf(flags, seed)) };
  });
  if (flags.json === true) {
    const { jobs, load, nodes, devices, waitingCost = null, floor = null, trace = null } = flags;
    const parameters = { jobs, load, nodes, devicesPerNode: devices, waitingCost, floor, trace };
    return `${JSON.stringify({ parameters, seeds: bySeed }, undefined, 2)}\n`;
  }
  return asTable(meansOf(bySeed));
}

function checkSeeds({ seed, seeds, floor, waitingCost }: SimulateFlags): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new WsiError('InvalidArgument', `--seed must be a whole number from 0 on, not ${seed}`);
  }
  if (!Number.isInteger(seeds) || seeds < 1) {
    throw new WsiError('InvalidArgument', `--seeds must be a whole number above 0, not ${seeds}`);
  }
  if (floor !== undefined && !(floor >= 0 && floor <= 1)) {
    throw new WsiError('InvalidArgument', `--floor must be between 0 and 1, not ${floor}`);
  }
  if (waitingCost !== undefined && !(waitingCost >= 0 && waitingCost < Infinity)) {
    throw new WsiError('InvalidArgument', `--waiting-cost must be a number from 0 on, not ${waitingCost}`);
  }
}

function optionsOf(flags: SimulateFlags, seed: number): SimulationOptions {
  const { jobs, load, nodes, devices, waitingCost, floor, policy, trace } = flags;
  return {
    jobs,
    seed,
    load,
    conditions: { nodes, devicesPerNode: devices },
    ...(floor === undefined ? {} : { preference: { efficiencyFloor: floor } }),
    ...(waitingCost === undefined ? {} : { preference: { waitingCost } }),
    ...(policy === undefined ? {} : { policies: [...new Set(policy)] }),
    ...(trace === undefined ? {} : { trace: traceFromCsv(textOf(trace), seed, trace) }),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new WsiError('InvalidArgument', 'cannot be read', { where: path, cause });
  }
}

type Measure = Exclude<keyof PolicyResult, 'policy' | 'jobs'>;

const COLUMNS: readonly (readonly [Measure, string, number])[] = [
  ['meanHours', 'mean h', 3],
  ['medianHours', 'median h', 3],
  ['p95Hours', 'p95 h', 2],
  ['deviceHours', 'device-h', 0],
  ['rescales', 'rescales/job', 1],
  ['makespanHours', 'all ended h', 1],
];

type Row = { readonly policy: PolicyName } & Readonly<Record<Measure, number>>;

function meansOf(bySeed: readonly SeedResults[]): readonly Row[] {
  return bySeed[0]!.results.map(({ policy }, at) => {
    const mean = (measure: Measure): number =>
      bySeed.reduce((sum, { results }) => sum + results[at]![measure], 0) / bySeed.length;
    const values = Object.fromEntries(COLUMNS.map(([measure]) => [measure, mean(measure)]));
    return { policy, ...(values as Record<Measure, number>) };
  });
}

function asTable(rows: readonly Row[]): string {
  const head = ['policy'.padEnd(8), ...COLUMNS.map(([, title]) => title)];
  const lines = rows.map((row) => [
    row.policy.padEnd(8),
    ...COLUMNS.map(([measure, title, digits]) => row[measure].toFixed(digits).padStart(title.length)),
  ]);
  return [head, ...lines].map((cells) => `${cells.join('  ')}\n`).join('');
}
