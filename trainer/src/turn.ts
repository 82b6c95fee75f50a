/** One at a time, in the order of asking. */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(action: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(action, action);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
