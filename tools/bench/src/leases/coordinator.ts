/**
 * The lease service of a checkout in a process of its own, without the training behind it: tasks are submitted so that
 * a given number always waits. Answers one line of JSON with another:
 *
 *     node coordinator.ts ROOT
 *     {"waiting": 1000}      ->  {"address": "127.0.0.1:PORT"}
 *     {"seconds": 2}         ->  {"leases": ..., "seconds": ..., "cpuSeconds": ..., "bytes": ..., "residentBytes": ...}
 */
import { readFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type * as foundation from '@wsi-operator/foundation';
import type * as protocol from '@wsi-operator/protocol';
import type { WorkerPool } from '@wsi-operator/trainer';
import { affinityOf, SLOTS, taskOf, welcome } from './messages.ts';

process.env['WSI_LOG_LEVEL'] = 'warn';
const root = process.argv[2] ?? '';
/** Checkouts from before there was the folder `libraries` have its packages at their top. */
const libraries = existsSync(join(root, 'libraries')) ? 'libraries' : '.';
const inRoom = 'trainer/src/coordinator/leases/worker-pool.ts';
/** Nor was the coordinator divided into rooms. */
const poolFile = existsSync(join(root, inRoom)) ? inRoom : 'trainer/src/coordinator/worker-pool.ts';
const load = async <Module>(...path: string[]): Promise<Module> =>
  (await import(join(root, ...path))) as Module;
const { createLogger, systemClock } = await load<typeof foundation>(libraries, 'foundation/src/index.ts');
const { coordinatorService, listen } = await load<typeof protocol>(libraries, 'protocol/src/index.ts');
const pools = await load<{ WorkerPool: typeof WorkerPool }>(poolFile);

const pool = new pools.WorkerPool({
  clock: systemClock,
  logger: createLogger({ role: 'coordinator' }),
  leaseMilliseconds: 30_000,
});
let submitted = 0;
let done = 0;

/** One more waits for each that was done. */
function submit(): void {
  const number = submitted++;
  const options = { priority: 0, affinity: affinityOf(number), subject: 'slide' };
  void pool.run(taskOf(number), options).then(() => {
    done += 1;
    submit();
  });
}

async function begin(waiting: number, workers: number): Promise<object> {
  const { address } = await listen('127.0.0.1:0', [
    {
      definition: coordinatorService,
      implementation: { Work: (stream: Parameters<WorkerPool['accept']>[0]) => pool.accept(stream) },
      callers: { Work: ['worker'] },
    },
  ]);
  pool.begin(welcome);
  for (let count = waiting + workers * SLOTS; count > 0; count--) submit();
  return { address };
}

async function measure(seconds: number): Promise<object> {
  const before = { done, cpu: process.cpuUsage(), io: transferred(), time: performance.now() };
  await delay(seconds * 1000);
  const cpu = process.cpuUsage(before.cpu);
  return {
    leases: done - before.done,
    seconds: (performance.now() - before.time) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    bytes: transferred() - before.io,
    residentBytes: process.memoryUsage.rss(),
    connected: pool.connected,
  };
}

/** Bytes that this process has read and written, sockets included. */
function transferred(): number {
  const text = readFileSync('/proc/self/io', 'utf8');
  const read = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]);
  return read('rchar') + read('wchar');
}

interface Question {
  readonly waiting?: number;
  readonly workers?: number;
  readonly seconds?: number;
}

// Also while an answer is under way: the other side has given up.
process.stdin.on('end', () => process.exit());
for await (const line of createInterface(process.stdin)) {
  const { waiting, workers = 0, seconds } = JSON.parse(line) as Question;
  const answer = waiting === undefined ? await measure(seconds ?? 1) : await begin(waiting, workers);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
