import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import pino from 'pino';
import { makePrivateDirectory } from './cluster/local/private-directory.ts';
import { identify } from './cluster/local/process-identity.ts';
import type { LocalCluster } from './cluster/local/local-cluster.ts';
import { runLocalJob, type LocalRunOptions, type LocalRunResult } from './local-run.ts';
import type { PlanEvent } from './job/actions.ts';
import { buildJob } from './testing/builders.ts';

const script = fileURLToPath(new URL('./testing/role.mjs', import.meta.url));
const runner = fileURLToPath(new URL('./testing/run-role-job.mjs', import.meta.url));
const logger = pino({ level: 'silent' });

let directory: string;
let output: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-test-'));
  output = join(directory, 'output');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Appears as a whole: the processes read it as soon as there is a file. */
function instruct(file: string, content = ''): void {
  writeFileSync(join(directory, 'draft'), content);
  renameSync(join(directory, 'draft'), join(directory, file));
}
const trace = (): string[] =>
  existsSync(join(directory, 'trace'))
    ? readFileSync(join(directory, 'trace'), 'utf8').trimEnd().split('\n')
    : [];

/** A process that has ended but whose parent has not asked yet does not count. */
const isAlive = (pid: number): boolean => identify(pid) !== undefined;

const startedPids = (): number[] =>
  trace()
    .flatMap((line) => /started (\d+)/.exec(line)?.[1] ?? [])
    .map(Number);

/** Resolves as soon as the trace says so, or rejects as soon as the run that should write it has ended. */
async function traced(holds: (lines: readonly string[]) => boolean, done?: Promise<unknown>): Promise<void> {
  let check: () => void = () => undefined;
  const watcher = watch(directory, () => check());
  const met = new Promise<void>((resolve) => {
    check = () => {
      if (holds(trace())) resolve();
    };
    check();
  });
  try {
    await Promise.race(done === undefined ? [met] : [met, tooEarly(done)]);
  } finally {
    watcher.close();
  }
}

async function tooEarly(done: Promise<unknown>): Promise<never> {
  throw new Error(`the run has ended already: ${JSON.stringify(await done)}`);
}

class Run {
  readonly events: PlanEvent[] = [];
  readonly done: Promise<LocalRunResult>;
  cluster!: LocalCluster;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #waiting: { holds: (status: WsiTrainingJobStatus) => boolean; resolve: () => void }[] = [];

  constructor(job: WsiTrainingJob, options: Partial<LocalRunOptions> = {}) {
    this.done = runLocalJob({
      job,
      output,
      logger,
      entrypoint: [process.execPath, script],
      environment: { ...process.env, TEST_DIRECTORY: directory, WSI_LISTEN: 'inherited' },
      signal: this.#stop.signal,
      killSignal: this.#kill.signal,
      onCluster: (cluster) => (this.cluster = cluster),
      onEvents: (events) => this.events.push(...events),
      onStatus: (status) => {
        const met = this.#waiting.filter((waiter) => waiter.holds(status));
        this.#waiting = this.#waiting.filter((waiter) => !met.includes(waiter));
        for (const waiter of met) waiter.resolve();
      },
      ...options,
    });
  }

  until(holds: (status: WsiTrainingJobStatus) => boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  /** Every role runs and has started listening to us. */
  async running(pods: number): Promise<void> {
    await traced((lines) => lines.filter((line) => line.includes('started')).length >= pods, this.done);
  }

  suspend = (): void => this.#stop.abort();
  kill = (): void => this.#kill.abort();
}

/** No process, no socket directory, no lock. */
function expectNothingLeft(): void {
  expect(startedPids().filter(isAlive)).toEqual([]);
  expect(readdirSync(join(output, '.wsi', 'pods'))).toEqual([]);
  expect(existsSync(join(output, '.wsi', 'lock.json'))).toBe(false);
  const sockets = trace().length === 0 ? [] : privateDirectories();
  expect(sockets.filter((path) => existsSync(path))).toEqual([]);
}

function privateDirectories(): string[] {
  return readdirSync(join(output, 'logs')).flatMap((name) => {
    const log = readFileSync(join(output, 'logs', name), 'utf8');
    return [...log.matchAll(/unix:(\S+)\/[csw]\d+\.sock/g)].flatMap((match) => match[1] ?? []);
  });
}

describe('a job on this machine', () => {
  it('runs to the end with its restarts in the result, and leaves nothing behind', async () => {
    const run = new Run(buildJob());
    await run.running(4);
    const [worker] = run.cluster.pids('worker');
    process.kill(worker!, 'SIGKILL');
    await run.running(5);
    process.kill(run.cluster.pids('coordinator')[0]!, 'SIGKILL');
    await run.running(6);
    instruct('finish');
    const { outcome, result, status } = await run.done;
    expect(outcome).toBe('succeeded');
    expect(result).toMatchObject({ steps: 7, restarts: { coordinator: 1, server: 0, worker: 1 } });
    expect(status).toMatchObject({ phase: 'Succeeded', parametersSha256: 'b'.repeat(64), restarts: 2 });
    expect(run.events.map((event) => event.message).join('\n')).toMatch(/worker 0 was killed with SIGKILL/);
    expect(JSON.parse(readFileSync(join(output, 'result.json'), 'utf8'))).toEqual(result);
    expect(privateDirectories().length).toBeGreaterThan(0);
    expectNothingLeft();
    const again = await new Run(buildJob()).done;
    expect(again).toMatchObject({ outcome: 'succeeded', alreadyFinished: true });
  });

  it('fails at once on wrong input, with the words of the process', async () => {
    const run = new Run(buildJob());
    await run.running(4);
    instruct('fail-coordinator-0', '64 cohort.csv: row 3: there is no slide a.svs');
    const { outcome, reason, message } = await run.done;
    expect([outcome, reason]).toEqual(['failed', 'InputInvalid']);
    expect(message).toContain('cohort.csv: row 3: there is no slide a.svs');
    expectNothingLeft();
  });

  it('stops the coordinator first, then the others, and goes on with other numbers of workers', async () => {
    const run = new Run(buildJob());
    await run.running(4);
    run.suspend();
    const { outcome, stopProblem, status } = await run.done;
    expect([outcome, stopProblem, status.phase]).toEqual(['suspended', undefined, 'Suspended']);
    expect(status.checkpoint).toEqual({ step: 3 });
    const stops = trace().filter((line) => !line.includes('started'));
    expect(stops.slice(0, 2)).toEqual(['coordinator 0 asked to stop', 'coordinator 0 stopped']);
    expect(stops.length).toBe(8);
    expectNothingLeft();
    const second = new Run(buildJob({ workers: 3 }));
    await second.running(4 + 5);
    instruct('finish');
    expect((await second.done).outcome).toBe('succeeded');
  });

  it('scales workers while it runs', async () => {
    const run = new Run(buildJob({ workers: 1 }));
    await run.running(3);
    run.cluster.edit((spec) => ({ ...spec, workers: { ...spec.workers, replicas: 3 } }));
    await run.running(5);
    const fewer = run.until((status) => status.workers?.replicas === 1 && status.workers.desired === 1);
    run.cluster.edit((spec) => ({ ...spec, workers: { ...spec.workers, replicas: 1 } }));
    await fewer;
    expect(run.cluster.pids('worker').length).toBe(1);
    instruct('finish');
    expect((await run.done).outcome).toBe('succeeded');
    expectNothingLeft();
  });

  it('kills what does not stop within its grace period, and everything at once on request', async () => {
    const spec = { terminationGracePeriodSeconds: 1, containers: [stubborn()] };
    const run = new Run(buildJob({ workers: 1, templates: { coordinator: { spec }, worker: { spec } } }));
    await run.running(3);
    run.suspend();
    const { outcome, stopProblem } = await run.done;
    expect(outcome).toBe('suspended');
    expect(stopProblem).toMatch(/the coordinator was killed/);
    expectNothingLeft();
    const second = new Run(buildJob({ workers: 1, templates: { coordinator: { spec } } }));
    await second.running(6);
    second.kill();
    expect((await second.done).outcome).toBe('killed');
    expectNothingLeft();
  });

  it('gives up after the back-off limit, with the last error', async () => {
    const command = [process.execPath, '-e', 'throw new TypeError("no such codec")'];
    const templates = { worker: { spec: { containers: [{ name: 'trainer', command }] } } };
    const run = new Run(buildJob({ workers: 1, templates, runPolicy: { backoffLimit: 1 } }));
    const { outcome, reason, message } = await run.done;
    expect([outcome, reason]).toEqual(['failed', 'BackoffLimitExceeded']);
    expect(message).toContain('TypeError: no such codec');
    expectNothingLeft();
  });
});

describe('the output directory', () => {
  it('is refused to a second run while one uses it, and to another job', async () => {
    const run = new Run(buildJob());
    await run.running(4);
    await expect(new Run(buildJob()).done).rejects.toThrow(/is in use by another run \(process \d+\)/);
    run.suspend();
    await run.done;
    const other = buildJob();
    const changed = { ...other, spec: { ...other.spec, training: { ...other.spec.training, seed: 5 } } };
    await expect(new Run(changed).done).rejects.toThrow('spec.training.seed: 1 there, 5 now');
    expectNothingLeft();
    const restarted = new Run(changed, { forceNew: true });
    await restarted.running(8);
    instruct('finish');
    expect((await restarted.done).setAside).toBe(join(output, 'previous-1'));
    expect(readdirSync(join(output, 'previous-1'))).toContain('job.json');
  });

  it('is missed when it is removed during the run', async () => {
    const run = new Run(buildJob());
    await run.running(4);
    renameSync(output, `${output}-elsewhere`);
    await expect(run.done).rejects.toThrow('the output directory was removed during the run');
    expect(startedPids().filter(isAlive)).toEqual([]);
  });

  it('is cleaned of what a killed run has left, also of processes that do not notice', async () => {
    const first = spawn(process.execPath, ['--no-warnings', runner, script, output], {
      env: { ...process.env, TEST_DIRECTORY: directory, TEST_ORPHAN: '1', WSI_LOG_LEVEL: 'silent' },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => first.once('exit', resolve));
    await traced((lines) => lines.length >= 4, ended);
    first.kill('SIGKILL');
    await ended;
    const orphans = startedPids();
    expect(orphans.filter(isAlive).length).toBe(4);
    const left = privateDirectories()[0]!;
    expect(existsSync(left)).toBe(true);
    const run = new Run(buildJob());
    await run.running(8);
    expect(existsSync(left)).toBe(false);
    instruct('finish');
    expect((await run.done).outcome).toBe('succeeded');
    expectNothingLeft();
  });

  it('sees processes end with a killed run', async () => {
    const first = spawn(process.execPath, ['--no-warnings', runner, script, output], {
      env: { ...process.env, TEST_DIRECTORY: directory, WSI_LOG_LEVEL: 'silent' },
      stdio: 'ignore',
    });
    const ended = once(first, 'exit');
    await traced((lines) => lines.length >= 4, ended);
    first.kill('SIGKILL');
    await traced((lines) => lines.filter((line) => line.endsWith('parent gone')).length === 4);
    // The kernel closes a process's pipes, which the others notice, before the process counts as ended.
    await ended;
    // Any later run removes the directory of the sockets.
    const left = privateDirectories()[0]!;
    rmSync(makePrivateDirectory(), { recursive: true });
    expect(existsSync(left)).toBe(false);
  });
});

function stubborn(): object {
  return { name: 'trainer', env: [{ name: 'TEST_STUBBORN', value: '1' }] };
}
