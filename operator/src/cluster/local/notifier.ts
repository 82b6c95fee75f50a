/** Wakes one waiter when something has changed; a change while nobody waits is kept (once) for the next. */
export class Notifier {
  #changed = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves at the next change, or when the signal is aborted. One waiter at a time. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
    this.#changed = false;
  }
}
