/** The lease service under simulated workers: how many leases a second, how long one takes, and what bounds it. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Peer } from '../peer.ts';
import { SLOTS, TILES_OF_A_BLOCK } from './messages.ts';

export interface LeaseCase {
  readonly workers: number;
  /** Tasks that wait for a worker, all the time. */
  readonly waiting: number;
}

export interface LeaseRow extends LeaseCase {
  readonly bench: 'leases';
  /** The checkout whose service it is: `this`, or the path of the other one. */
  readonly side: string;
  /** With workers that answer at once; medians over the rounds. */
  readonly leasesPerSecond: number;
  readonly cpuMicrosecondsPerLease: number;
  /** Share of one processor that the service took then. */
  readonly busy: number;
  /** From a completion to the next task, when workers ask for half of what it can do; milliseconds. */
  readonly medianWait: number;
  readonly longestWaits: number;
  /** Both passes over a block, both directions, with all framing. */
  readonly bytesPerTile: number;
  readonly residentBytes: number;
}

type Sample = Omit<LeaseRow, keyof LeaseCase | 'bench' | 'side'>;

export interface LeaseOptions {
  readonly cases: readonly LeaseCase[];
  readonly rounds: number;
  readonly seconds: number;
  /** Another checkout of this repository, which takes turns. */
  readonly compare?: string;
}

const HERE = join(import.meta.dirname, '../../../..');
const CLIENTS = 2;
/** Until all workers have tasks, and what is compiled on the way is. */
const WARM_UP_SECONDS = 1;

export async function benchLeases(options: LeaseOptions): Promise<LeaseRow[]> {
  const sides = [{ side: 'this', root: HERE }];
  if (options.compare !== undefined) sides.push({ side: options.compare, root: options.compare });
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < options.rounds; round++) {
    for (const subject of options.cases) {
      for (const { side, root } of sides) {
        const key = `${side} ${subject.workers} ${subject.waiting}`;
        const sample = await measure(root, subject, options.seconds);
        const figures = Object.values(sample).map((value: number) => value.toPrecision(4));
        process.stderr.write(`leases: round ${round + 1}, ${key}: ${figures.join(' ')}\n`);
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  }
  return options.cases.flatMap((subject) =>
    sides.map(({ side }): LeaseRow => {
      const caseSamples = samples.get(`${side} ${subject.workers} ${subject.waiting}`) ?? [];
      return { bench: 'leases', side, ...subject, ...medians(caseSamples) };
    }),
  );
}

async function measure(root: string, { workers, waiting }: LeaseCase, seconds: number): Promise<Sample> {
  const program = (name: string): string => join(import.meta.dirname, name);
  const start = (name: string, ...args: string[]): Peer =>
    new Peer(name, process.execPath, ['--no-warnings', program(name), ...args], {});
  const coordinator = start('coordinator.ts', root);
  const clients = Array.from({ length: CLIENTS }, () => start('workers.ts'));
  try {
    const { address } = await coordinator.ask({ waiting, workers });
    await Promise.all(
      clients.map((client, index) =>
        client.ask({ address, workers: workers / CLIENTS, first: (index * workers) / CLIENTS }),
      ),
    );
    await Promise.all(clients.map((client) => client.ask({ thinkMilliseconds: 0 })));
    await delay(WARM_UP_SECONDS * 1000);
    const full = await coordinator.ask({ seconds });
    const number = (name: string): number => Number(full[name]);
    const cpuSecondsPerLease = number('cpuSeconds') / number('leases');
    // Half of the leases that one processor can give.
    const thinkMilliseconds = 1000 * workers * SLOTS * cpuSecondsPerLease * 2;
    await Promise.all(clients.map((client) => client.ask({ thinkMilliseconds })));
    await delay(WARM_UP_SECONDS * 1000);
    await Promise.all(clients.map((client) => client.ask({ waits: true })));
    await delay(seconds * 1000);
    const answers = await Promise.all(clients.map((client) => client.ask({ waits: true })));
    const waits = answers.flatMap(({ milliseconds }) => milliseconds as number[]).sort((a, b) => a - b);
    return {
      leasesPerSecond: number('leases') / number('seconds'),
      cpuMicrosecondsPerLease: cpuSecondsPerLease * 1e6,
      busy: number('cpuSeconds') / number('seconds'),
      medianWait: waits[waits.length >> 1] ?? Number.NaN,
      longestWaits: waits[Math.floor(waits.length * 0.99)] ?? Number.NaN,
      bytesPerTile: (2 * number('bytes')) / number('leases') / TILES_OF_A_BLOCK,
      residentBytes: number('residentBytes'),
    };
  } finally {
    await Promise.all([...clients, coordinator].map((peer) => peer.close()));
  }
}

function medians(samples: readonly Sample[]): Sample {
  const fields = Object.keys(samples[0] ?? {}) as (keyof Sample)[];
  const entries = fields.map((field) => {
    const values = samples.map((sample) => sample[field]).sort((a, b) => a - b);
    return [field, values[values.length >> 1]];
  });
  return Object.fromEntries(entries) as Sample;
}
