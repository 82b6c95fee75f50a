/**
 * Simulated workers, each with a connection and a stream of its own, as processes on other machines would have. A task is
 * answered after a while with a result of the real size. Answers one line of JSON with another:
 *
 *     {"address": ..., "workers": 500, "first": 0}   ->  {"joined": 500}
 *     {"thinkMilliseconds": 0}                        ->  {}
 *     {"waits": true}                                 ->  {"milliseconds": [...]}, and forgets them
 */
import { createInterface } from 'node:readline';
import { connectCoordinator, type CoordinatorMessage, type Task } from '@wsi-operator/protocol';
import { resultOf, SLOTS, usage } from './messages.ts';

/** At most this many of the waits are reported, sampled uniformly. */
const SAMPLE = 20_000;
const REJOIN_MILLISECONDS = 200;

/** Slow until all have joined: who computes at once would keep the others from joining. */
let think = 1_000;
let waits: number[] = [];
const joined = new Set<number>();
const allJoined = Promise.withResolvers<object>();

function join(address: string, replica: number, all: number): void {
  const client = connectCoordinator(address, { options: { 'grpc.use_local_subchannel_pool': 1 } });
  const stream = client.Work();
  /** When slots became free: the first to be free is the first to be filled. */
  const free: number[] = [];
  let heartbeat: NodeJS.Timeout | undefined;
  // As a real worker does; on a machine that is busy with other things, connections time out.
  stream.on('error', () => {
    clearInterval(heartbeat);
    client.close();
    setTimeout(() => join(address, replica, all), REJOIN_MILLISECONDS);
  });
  const complete = (task: Task): void => {
    const { id, generation } = task;
    stream.write({ completed: { task: id, generation, result: resultOf(task), usage } });
    free.push(performance.now());
  };
  stream.on('data', ({ welcome, task }: CoordinatorMessage) => {
    if (welcome) {
      heartbeat = setInterval(() => stream.write({ heartbeat: usage }), welcome.heartbeatMilliseconds);
      joined.add(replica);
      if (joined.size === all) allJoined.resolve({ joined: all });
    }
    if (!task) return;
    const since = free.shift();
    if (since !== undefined) waits.push(performance.now() - since);
    if (think === 0) complete(task);
    // Not all at once: workers are not in step.
    else setTimeout(() => complete(task), think * (0.5 + Math.random()));
  });
  stream.write({ hello: { replica, instance: `bench-${replica}`, slots: SLOTS, device: 'cpu' } });
}

interface Question {
  readonly address?: string;
  readonly workers?: number;
  readonly first?: number;
  readonly thinkMilliseconds?: number;
  readonly waits?: boolean;
}

async function answer(question: Question): Promise<object> {
  const { address, workers = 0, first = 0, thinkMilliseconds } = question;
  if (address !== undefined) {
    for (let replica = first; replica < first + workers; replica++) join(address, replica, workers);
    return allJoined.promise;
  }
  if (thinkMilliseconds !== undefined) {
    think = thinkMilliseconds;
    return {};
  }
  const every = Math.max(1, Math.ceil(waits.length / SAMPLE));
  const milliseconds = waits.filter((_, index) => index % every === 0);
  waits = [];
  return { milliseconds };
}

// Also while an answer is under way: the other side has given up.
process.stdin.on('end', () => process.exit());
for await (const line of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`);
}
process.exit();
