/** Whether a listing makes progress: a store that repeats itself, or never ends, is refused. */
import { WsiError } from '@wsi-operator/foundation';

/** Below one prefix. Their keys are held in memory. */
const MOST_OBJECTS = 1_000_000;
/** Pages without a new key, one after the other: some stores send a few. */
const MOST_EMPTY_PAGES = 16;

export class ListingProgress {
  readonly #where: string;
  readonly #keys = new Set<string>();
  #keysBefore = 0;
  #emptyPages = 0;
  #token: string | undefined;

  constructor(where: string) {
    this.#where = where;
  }

  /** @throws WsiError `InvalidArgument` when there are too many */
  isNew(key: string): boolean {
    const before = this.#keys.size;
    this.#keys.add(key);
    if (this.#keys.size <= MOST_OBJECTS) return this.#keys.size > before;
    throw new WsiError('InvalidArgument', `there are more than ${MOST_OBJECTS} objects below this prefix.`, {
      where: this.#where,
      remedy: 'Name a prefix with the slides alone.',
    });
  }

  /** @param next the token of the next page @throws WsiError `Unavailable` when the listing goes in a circle */
  endPage(next: string | undefined): void {
    this.#emptyPages = this.#keys.size > this.#keysBefore ? 0 : this.#emptyPages + 1;
    this.#keysBefore = this.#keys.size;
    const repeats = next !== undefined && next === this.#token;
    this.#token = next;
    if (next === undefined || (!repeats && this.#emptyPages < MOST_EMPTY_PAGES)) return;
    const how = repeats
      ? 'two pages continue at the same place'
      : `${MOST_EMPTY_PAGES} pages bring nothing new`;
    throw new WsiError('Unavailable', `the store's listing does not end: ${how}.`, {
      where: this.#where,
      remedy: 'See the log of the store; a proxy may answer in its place.',
    });
  }
}
