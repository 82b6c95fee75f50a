/** Runs programs: the end of what they write is kept for the report of a failure. */
import { spawn } from 'node:child_process';
import { WsiError } from '@wsi-operator/foundation';

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment; that of this process by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** After this many seconds the program is killed. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** The exit code; 128 + n of a program that a signal ended, as shells count; 127 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of each stream that are kept: a list of thousands of pods fits. */
const OUTPUT_LIMIT = 64 << 20;
const EVIDENCE_LINES = 15;

/** Runs a program to its end, whatever that is. Throws only when it could not be started or ran out of time. */
export async function attempt(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const started = Date.now();
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    signal: options.signal,
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(-OUTPUT_LIMIT);
    });
  }
  let late = false;
  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, options.timeoutSeconds * 1000);
  child.on('error', reject);
  child.on('close', (code) => {
    if (late) {
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      reject(
        new WsiError('Unavailable', `${shown(file, args)} had not ended after ${seconds} s`, {
          remedy: lastLines(output.stderr || output.stdout),
        }),
      );
    } else resolve({ code: code ?? 137, ...output });
  });
  // A program that ends without reading its input is no fault of ours: its exit code says what happened.
  child.stdin?.on('error', () => undefined).end(options.input);
  try {
    return await promise;
  } catch (error) {
    throw WsiError.from(error, 'Unavailable', { where: file });
  } finally {
    clearTimeout(timer);
  }
}

/** The standard output of a program that succeeds. @throws WsiError `Unavailable` with its last lines when it does not */
export async function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(file, args, options);
  if (code === 0) return stdout;
  throw new WsiError('Unavailable', `${shown(file, args)} ended with exit code ${code}`, {
    remedy: lastLines(stderr || stdout),
  });
}

function shown(file: string, args: readonly string[]): string {
  const line = [file.split('/').at(-1), ...args].join(' ');
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}

export function lastLines(text: string, count = EVIDENCE_LINES): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
