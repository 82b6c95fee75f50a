/**
 * Ctrl-C, SIGTERM, and SIGHUP unless nohup has asked to ignore it: the first asks for an orderly stop, the second ends everything at once. One signal may arrive
 * twice, from the terminal and from the program that started this one; so what follows within half a second is taken
 * for the same.
 */
import type { Clock } from '@wsi-operator/foundation';
import { isKeptRunning } from '@wsi-operator/setup/launchers';
import { EXIT_CODES } from '../exit-codes.ts';

export interface Interrupts {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  /** 130 or 143, by the first signal. */
  readonly exitCode: number;
  close(): void;
}

const SAME_MILLISECONDS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let interrupted = false;

/** Whether this program was asked to stop. */
export function isInterrupted(): boolean {
  return interrupted;
}

export function watchInterrupts(clock: Clock, onFirst: (signal: string) => void): Interrupts {
  const stop = new AbortController();
  const kill = new AbortController();
  let firstAt = 0;
  let exitCode: number = EXIT_CODES.interrupted;
  const handle = (signal: NodeJS.Signals): void => {
    const now = clock.monotonic();
    interrupted = true;
    if (stop.signal.aborted) {
      if (now - firstAt >= SAME_MILLISECONDS) kill.abort();
      return;
    }
    firstAt = now;
    exitCode = signal === 'SIGINT' ? EXIT_CODES.interrupted : EXIT_CODES.terminated;
    stop.abort();
    onFirst(signal === 'SIGINT' ? 'Ctrl-C' : signal);
  };
  const signals = SIGNALS.filter((signal) => signal !== 'SIGHUP' || !isKeptRunning());
  for (const signal of signals) process.on(signal, handle);
  return {
    stop: stop.signal,
    kill: kill.signal,
    get exitCode() {
      return exitCode;
    },
    close: () => {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
