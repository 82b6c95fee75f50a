/**
 * Support for tests: runs on cohorts whose every name is private, and all that is heard of them outside their output
 * volume: what their roles log, their termination messages and every reply to a `Status` call.
 */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { DETAILS_FILE, FAILURE_FILE } from '../exit.ts';
import { privateCohort, privateWordsIn, type PrivateCohort } from './private-cohort.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  'patches.cacheBytes=64Ki',
  'training.epochs=2',
  'training.slidesPerStep=2',
  'checkpoint={everySteps: 2, keep: 3}',
];

export interface Heard {
  readonly code: number;
  /** The coordinator's termination message. */
  readonly message: string;
  /** All that leaves the output volume. */
  readonly everything: string;
  readonly output: string;
}

interface RunOptions {
  readonly workers?: number;
  readonly details?: 'shown' | 'hidden';
  readonly output?: string;
  /** Done while it runs. */
  readonly meanwhile?: (run: RoleProcesses) => Promise<void>;
}

/** A directory with a small cohort, its copies and the outputs of its runs. */
export class PrivateRuns {
  readonly directory: string;
  #copies = 0;

  static async prepare(): Promise<PrivateRuns> {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-private-'));
    await smallJob(directory, settings);
    return new PrivateRuns(directory);
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  /** A copy that a test may spoil. */
  cohort(set: readonly string[] = []): Promise<PrivateCohort> {
    const copy = join(this.directory, `copy-${this.#copies++}`);
    return privateCohort(join(this.directory, 'cohort'), copy, [...settings, ...set]);
  }

  /** Runs to the end and keeps what is heard of it on the way. */
  async heardOf(job: WsiTrainingJob, options: RunOptions = {}): Promise<Heard> {
    const { workers = 1, details = 'hidden', meanwhile } = options;
    const output = options.output ?? join(this.directory, `Wumpusville-${this.#copies++}`);
    const environment = { WSI_DETAILS: details, WSI_LOG_LEVEL: 'trace' };
    const run = await RoleProcesses.start({ job, output, workers, servers: 1, environment });
    try {
      const statuses = new Set<string>();
      const ended = new AbortController();
      const accepted = new AbortController();
      const listening = (async () => {
        while (!ended.signal.aborted) {
          const status = await run.status().catch(() => undefined);
          // Nobody would ever survey: the table was taken for a good one.
          if (workers === 0 && status?.phase === 'surveying') accepted.abort();
          if (status !== undefined) statuses.add(JSON.stringify({ ...status, measurement: undefined }));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      await meanwhile?.(run);
      const code = await Promise.race([run.finished, aborted(accepted)]);
      ended.abort();
      await listening;
      const ends = await Promise.all(
        ['coordinator', 'server', 'worker'].map((role) => run.terminationMessage(role).catch(() => '')),
      );
      return { code, message: ends[0]!, everything: [run.logs, ...ends, ...statuses].join('\n'), output };
    } finally {
      await run.close();
    }
  }
}

function aborted({ signal }: { signal: AbortSignal }): Promise<number> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(-1)));
}

/** Nothing private was heard, and what was hidden is in the output volume for its owner. */
export async function expectPrivate({ everything, output }: Heard): Promise<void> {
  expect(privateWordsIn(everything)).toEqual([]);
  expect(everything).not.toContain('Wumpusville');
  for (const name of [FAILURE_FILE, DETAILS_FILE]) {
    const found = await stat(join(output, name)).catch(() => undefined);
    if (found !== undefined) expect((found.mode & 0o777).toString(8)).toBe('600');
  }
}

export async function expectFailure(heard: Heard, message: RegExp): Promise<void> {
  await expectPrivate(heard);
  expect(heard.message).toMatch(message);
  expect(heard.message).toContain(`details in OUTPUT/${FAILURE_FILE}`);
  expect(privateWordsIn(await readFile(join(heard.output, FAILURE_FILE), 'utf8'))).not.toEqual([]);
}
