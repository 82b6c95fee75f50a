/**
 * Who is notified that a job may have changed. Nothing is kept here: the loop's queue merges the keys, and while nobody
 * listens (a follower) keys are dropped.
 */
import type { JobKey } from './port.ts';

export type JobListener = (key: JobKey) => void;

export class JobListeners {
  readonly #listeners = new Set<JobListener>();

  /** Until the signal is aborted. */
  add(listener: JobListener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  notify(key: JobKey): void {
    for (const listener of [...this.#listeners]) listener(key);
  }
}
