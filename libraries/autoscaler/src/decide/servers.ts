/**
 * The number of parameter servers. It can only change while the job is stopped, so mostly this is advice; a restart is
 * made for it only when that pays twice over.
 */
import { predictThroughput } from '../model/throughput.ts';
import { costPerTile, duration, rounded } from './objectives.ts';
import type { WorkersInput } from './workers.ts';

export interface ServersChoice {
  readonly servers: number;
  /** What would be best if a change cost nothing. */
  readonly best: number;
  readonly reasons: readonly string[];
  readonly advice: readonly string[];
}

/** Counts that are looked at: with each of these the bytes a server are clearly fewer. */
const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const;
/** A restart must save so many times what it takes: the prediction may be wrong. */
const PAYS = 2;

export function adviseServers(input: WorkersInput, workers: number): ServersChoice {
  const { model, spec, limits, current } = input;
  const least = atLeastOne(input);
  if (model === undefined || current.servers < 1) {
    return { servers: least, best: least, reasons: [], advice: [] };
  }
  const best = bestServers(input, workers);
  const stay = { servers: current.servers, best, reasons: [], advice: [] };
  const bounded = clampServers(input, current.servers);
  if (bounded !== current.servers && limits.suspended === true) {
    return { ...stay, servers: bounded, reasons: [`${current.servers} -> ${bounded} servers: bounds`] };
  }
  const now = predictThroughput(model.throughput, { workers, servers: current.servers }).tilesPerSecond;
  const then = predictThroughput(model.throughput, { workers, servers: best }).tilesPerSecond;
  if (best === current.servers || then < now * (1 + 2 * spec.tolerance)) {
    return { ...stay, best: current.servers };
  }
  const words = `${current.servers} -> ${best} servers: ${rounded(now)} -> ${rounded(then)} tiles/s predicted`;
  if (limits.suspended === true) return { ...stay, servers: best, reasons: [words] };
  const { restartSeconds, remainingTiles } = limits;
  if (restartSeconds !== undefined && remainingTiles !== undefined) {
    const saved = remainingTiles / now - remainingTiles / then;
    if (saved > PAYS * restartSeconds) {
      const pays = `a restart of ${duration(restartSeconds)} saves ${duration(saved)}`;
      return { ...stay, servers: best, reasons: [`${words}; ${pays}`] };
    }
  }
  return { ...stay, advice: [`${words}, at the next start: servers change only while a job is suspended`] };
}

/** The fewest servers that bring nearly all that servers can bring; with `cost`, the cheapest. */
function bestServers(input: WorkersInput, workers: number): number {
  const { model, spec, current } = input;
  const throughput = model!.throughput;
  const counts = [...new Set([...COUNTS, current.servers].map((count) => clampServers(input, count)))].sort(
    (a, b) => a - b,
  );
  const rates = counts.map((servers) => predictThroughput(throughput, { workers, servers }).tilesPerSecond);
  if (spec.objective === 'cost') {
    const costs = counts.map((servers, i) => costPerTile({ workers, rate: rates[i]! }, { spec, servers }));
    return counts[costs.indexOf(Math.min(...costs))]!;
  }
  const most = Math.max(...rates);
  return counts[rates.findIndex((rate) => rate >= most * (1 - spec.tolerance))]!;
}

function clampServers({ spec }: WorkersInput, servers: number): number {
  return Math.max(1, spec.minimumServers, Math.min(spec.maximumServers, servers));
}

function atLeastOne(input: WorkersInput): number {
  return input.current.servers >= 1 ? input.current.servers : clampServers(input, 1);
}
