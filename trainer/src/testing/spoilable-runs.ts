/** Support for tests: runs of real processes on a small cohort, and on copies of it that a test may spoil. */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { RoleProcesses } from './role-processes.ts';
import { readJob, smallJob } from './synthetic-job.ts';

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  'patches.cacheBytes=64Ki',
  'training.epochs=5',
  'training.slidesPerStep=2',
  'checkpoint={everySteps: 2, keep: 3}',
];

/** A copy of the cohort that a test may spoil, with its job and its slides' paths. */
export interface SpoilableCohort {
  readonly job: WsiTrainingJob;
  readonly slides: readonly string[];
  readonly table: string;
  readonly folder: string;
}

export class SpoilableRuns {
  readonly directory: string;
  /** Of the cohort as it is. */
  readonly job: WsiTrainingJob;
  readonly #running: RoleProcesses[] = [];
  #outputs = 0;

  static async prepare(): Promise<SpoilableRuns> {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-hostile-'));
    return new SpoilableRuns(directory, await smallJob(directory, settings));
  }

  private constructor(directory: string, job: WsiTrainingJob) {
    this.directory = directory;
    this.job = job;
  }

  /** Ends all processes that still run. */
  async close(): Promise<void> {
    for (const run of this.#running.splice(0)) await run.close();
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  async spoilable(name: string, set: readonly string[] = []): Promise<SpoilableCohort> {
    const copy = join(this.directory, name);
    await cp(join(this.directory, 'cohort'), copy, { recursive: true, preserveTimestamps: true });
    const folder = join(copy, 'slides');
    const table = join(copy, basename(this.job.spec.cohort.table));
    const file = (await readdir(copy)).find((of) => /\.ya?ml$/.test(of));
    const paths = [`cohort.table=${table}`, `cohort.slides=${folder}`];
    const slides = (await readdir(folder)).filter((of) => /\.tiff?$/.test(of)).sort();
    return {
      job: await readJob(join(copy, file!), [...paths, ...settings, ...set]),
      slides: slides.map((of) => join(folder, of)),
      table,
      folder,
    };
  }

  async start(
    job: WsiTrainingJob,
    options: { output?: string; workers?: number } = {},
  ): Promise<RoleProcesses> {
    const { output = join(this.directory, `run-${this.#outputs++}`), workers = 1 } = options;
    const started = await RoleProcesses.start({ job, output, workers, servers: 1 });
    this.#running.push(started);
    return started;
  }
}

/** Waits for the end of a run: its exit code and the coordinator's termination message. */
export async function endOf(started: RoleProcesses): Promise<{ code: number; message: string }> {
  const code = await started.finished;
  const message = await started.terminationMessage('coordinator').catch(() => '');
  await started.close();
  return { code, message };
}

/** Waits for the end of a run. @returns the SHA-256 of its parameters @throws Error when it has failed */
export async function digestOf(started: RoleProcesses): Promise<string> {
  const { code, message } = await endOf(started);
  if (code !== 0) throw new Error(`the run ended with ${code}: ${message}\n${started.logs.slice(-4000)}`);
  const text = await readFile(join(started.output, 'result.json'), 'utf8');
  return (JSON.parse(text) as { parametersSha256: string }).parametersSha256;
}
