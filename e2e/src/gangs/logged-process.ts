/** A scheduler or controller as a process on this machine, with its log in a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import { lastLines } from '@wsi-operator/cluster';

/** Only what hangs ends by it. */
const START_SECONDS = 900;

export class LoggedProcess {
  readonly #process: ChildProcess;
  readonly #program: string;
  readonly #log: string;

  private constructor(process: ChildProcess, program: string, log: string) {
    this.#process = process;
    this.#program = program;
    this.#log = log;
  }

  /** @param log the file that receives all output */
  static async start(program: string, args: readonly string[], log: string): Promise<LoggedProcess> {
    const output = openSync(log, 'w');
    const child = spawn(program, args, { stdio: ['ignore', output, output] });
    closeSync(output);
    await once(child, 'spawn').catch((error: unknown) => {
      throw WsiError.from(error, 'Unavailable', { where: program });
    });
    return new LoggedProcess(child, program, log);
  }

  /** @throws WsiError `Unavailable` when the process ends before, or does not say it in time */
  async untilItSays(words: RegExp): Promise<void> {
    for (let waited = 0; waited < START_SECONDS * 10; waited += 1) {
      if (words.test(readFileSync(this.#log, 'utf8'))) return;
      if (this.#hasEnded) break;
      await delay(100);
    }
    throw new WsiError('Unavailable', `${basename(this.#program)} does not come up`, {
      remedy: lastLines(readFileSync(this.#log, 'utf8')),
    });
  }

  /** @throws WsiError `Unavailable` with its last words when it has ended by itself */
  requireAlive(): void {
    if (!this.#hasEnded) return;
    throw new WsiError('Unavailable', `${basename(this.#program)} has ended`, {
      where: this.#log,
      remedy: lastLines(readFileSync(this.#log, 'utf8')),
    });
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
