/** The machine on which a run is measured: what its times hold for. */
import { availableParallelism, cpus, hostname } from 'node:os';

export interface Machine {
  readonly host: string;
  /** Processors that this process may use. */
  readonly processors: number;
  readonly processor: string;
}

export function thisMachine(): Machine {
  const processor = cpus()[0]?.model.trim().replaceAll(/\s+/g, ' ') ?? '';
  return { host: hostname(), processors: availableParallelism(), processor };
}
