/** The other side of a comparison: a process that answers one JSON line with another. */
import { WsiError } from '@wsi-operator/foundation';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

export class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #name: string;
  /** When the process has ended, or could not be started. */
  readonly #ended: Promise<unknown>;
  #errors = '';

  constructor(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    // `close` comes after everything that the process printed, so that its last words are known.
    this.#ended = once(this.#child, 'close').catch((error: unknown) => {
      this.#errors += String(error);
    });
    // A write to a process that has ended: its answer, which is missing too, is what is reported.
    this.#child.stdin!.on('error', () => undefined);
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** @throws WsiError `EngineFailed` with the end of what the process printed, when it ends instead of answering */
  async ask(question: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) {
      await this.#ended;
      throw new WsiError('EngineFailed', `${this.#name} ended without an answer:\n${this.#errors}`);
    }
    return JSON.parse(line.value) as Readonly<Record<string, unknown>>;
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
    this.#reader.close();
  }
}
