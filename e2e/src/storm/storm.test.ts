/** The tool itself, over real processes: a dozen faults of all kinds, and a storm that finds what it is there to find. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Arena } from './arena.ts';
import type { RunOutcome } from './outcome.ts';
import { scheduleFaults, type FaultAction } from './schedule.ts';
import { Storm, type FaultRecord } from './storm.ts';

const main = join(import.meta.dirname, 'main.ts');
const FAULTS = 12;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-storm-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('a short storm changes nothing and leaves nothing behind', async () => {
  const args = ['--faults', String(FAULTS), '--seed', '9', '--epochs', '8', '--output', directory];
  const child = spawn(process.execPath, ['--no-warnings', main, ...args], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (text: Buffer) => (printed[stream] += text.toString()));
  }
  const [code] = (await once(child, 'close')) as [number];
  expect([code, printed.stderr]).toEqual([
    0,
    expect.stringMatching(/run 1 has ended, as the quiet one: [0-9a-f]{64}/),
  ]);
  expect(printed.stdout).toMatch(
    /Every run ended with the parameters, predictions and losses of the quiet one/,
  );
  const lines = (await readFile(join(directory, 'storm-9.jsonl'), 'utf8')).trim().split('\n');
  const records = lines.map((line) => JSON.parse(line) as FaultRecord);
  expect(records.map(({ number }) => number).sort((a, b) => a - b)).toEqual([...Array(FAULTS).keys()]);
  expect(await readdir(directory)).toEqual(['storm-9.jsonl']);
}, 900_000);

/** A run that ends after some checks. */
class ScriptedArena implements Arena {
  readonly shares = { kill: 1 };
  readonly impossible = {};
  readonly others = [];
  readonly replicas = { workers: 1, servers: 1 };
  readonly injected: FaultAction[] = [];
  readonly outcomes: RunOutcome[];
  leftovers: string[] = [];
  runs = 0;
  #step = 0;

  constructor(...outcomes: string[]) {
    this.outcomes = outcomes.map((parametersSha256) => ({ parametersSha256, tiles: 1 }));
  }
  async quiet(): Promise<RunOutcome> {
    return { parametersSha256: 'same', tiles: 1 };
  }
  async begin(): Promise<void> {
    this.runs += 1;
    this.#step = 0;
  }
  async steps(): Promise<number> {
    return this.#step;
  }
  async isFinished(): Promise<boolean> {
    this.#step += 1;
    return this.#step > 12;
  }
  async inject(action: FaultAction): Promise<string | undefined> {
    this.injected.push(action);
    return 'done';
  }
  async conclude(): Promise<{ outcome: RunOutcome; leftovers: string[] }> {
    return { outcome: this.outcomes[this.runs - 1] ?? this.outcomes.at(-1)!, leftovers: this.leftovers };
  }
  async close(): Promise<void> {
    // Nothing to end.
  }
}

const schedule = (faults: number): ReturnType<typeof scheduleFaults> =>
  scheduleFaults({ seed: 1, faults, shares: { kill: 1 }, workers: 1, servers: 1, others: [] }).map(
    (fault) => ({ ...fault, afterMilliseconds: 0 }),
  );

it('a storm continues with fresh runs until all faults have struck', async () => {
  const arena = new ScriptedArena('same');
  const heard: FaultRecord[] = [];
  const storm = new Storm(arena, { log: () => undefined, onFault: (record) => heard.push(record) });
  const faults = schedule(20);
  const result = await storm.rage(faults);
  expect(arena.injected).toEqual(faults.map(({ action }) => action));
  expect(result).toMatchObject({ runs: arena.runs, faults: [] });
  expect(arena.runs).toBeGreaterThan(1);
  expect(heard).toEqual(result.records);
  expect(heard.map(({ number }) => number).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
});

it.each([
  [new ScriptedArena('same', 'other'), [], 'parametersSha256: same in the quiet run, other in the storm'],
  [new ScriptedArena('same'), ['process 7: worker'], 'left over: process 7: worker'],
])('a storm ends with the first run that differs from the quiet one', async (arena, leftovers, line) => {
  arena.leftovers = leftovers;
  const storm = new Storm(arena, { log: () => undefined, onFault: () => undefined });
  const { faults, runs } = await storm.rage(schedule(60));
  expect(faults).toEqual([line]);
  expect(runs).toBe(arena.outcomes.length);
});
