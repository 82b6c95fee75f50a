/** Something that is opened by whoever needs it first, if anybody does. */
export interface Once<T> {
  /** Opens it, or waits for whoever does; a failure is tried again by the next. */
  get(): Promise<T>;
  /** What was opened, to close it; undefined when nobody needed it. */
  readonly started: Promise<T | undefined>;
}

export function once<T>(open: () => Promise<T>): Once<T> {
  let opened: Promise<T> | undefined;
  return {
    get() {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    get started() {
      return opened?.catch(() => undefined) ?? Promise.resolve(undefined);
    },
  };
}
