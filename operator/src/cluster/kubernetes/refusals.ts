/**
 * What the API server has refused for good reason (a quota, a policy) is not asked again at once: a job's key comes back
 * with every change of anything, and each time all its pods would be asked for. The answer is remembered for a while,
 * which doubles with each refusal, from 1 s to 1 min.
 */
import { ApiError } from '@wsi-operator/controller';
import { WsiError, type Clock } from '@wsi-operator/foundation';

const FIRST_MILLISECONDS = 1_000;
const LONGEST_MILLISECONDS = 60_000;

interface Refusal {
  /** Such as `create Pod lung-worker-0`. */
  readonly what: string;
  readonly error: WsiError;
  readonly until: number;
  readonly wait: number;
}

export class Refusals {
  readonly #clock: Clock;
  readonly #byOwner = new Map<string, Map<string, Refusal>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Writes, unless that was refused a short while ago; a refusal is remembered.
   * @param id - see objectId
   * @param what - such as `create Pod lung-worker-0`
   * @throws WsiError the refusal, new or remembered (then without a request); what else `write` throws as it is
   */
  async attempt<T>(owner: string, id: string, what: string, write: () => Promise<T>): Promise<T> {
    this.check(owner, id);
    try {
      const written = await write();
      this.succeeded(owner, id);
      return written;
    } catch (error) {
      if (!(error instanceof ApiError) || !isRefusal(error)) throw error;
      const refusal = new WsiError('Unavailable', `cannot ${what}: ${wordsOf(error)}`, {
        cause: error,
        retryable: true,
      });
      this.refused(owner, id, { what, error: refusal });
      throw refusal;
    }
  }

  /** @throws WsiError the remembered refusal, while it holds */
  check(owner: string, id: string): void {
    const refusal = this.#byOwner.get(owner)?.get(id);
    if (refusal !== undefined && this.#clock.monotonic() < refusal.until) throw refusal.error;
  }

  refused(owner: string, id: string, { what, error }: Pick<Refusal, 'what' | 'error'>): void {
    const refusals = this.#byOwner.get(owner) ?? new Map<string, Refusal>();
    const before = refusals.get(id)?.wait;
    const wait = before === undefined ? FIRST_MILLISECONDS : Math.min(before * 2, LONGEST_MILLISECONDS);
    refusals.set(id, { what, error, wait, until: this.#clock.monotonic() + wait });
    this.#byOwner.set(owner, refusals);
  }

  succeeded(owner: string, id: string): void {
    const refusals = this.#byOwner.get(owner);
    refusals?.delete(id);
    if (refusals?.size === 0) this.#byOwner.delete(owner);
  }

  /** What is refused at present; what nobody has asked for any more is left out. */
  list(owner: string): Pick<Refusal, 'what' | 'error'>[] {
    const now = this.#clock.monotonic();
    const refusals = [...(this.#byOwner.get(owner) ?? [])];
    return refusals
      .filter(([, { until }]) => now < until + LONGEST_MILLISECONDS)
      .map(([, { what, error }]) => ({ what, error }));
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }
}

/** True for an answer that the same request would get again: refused by a quota, a policy, a rule or for its content. */
function isRefusal(error: ApiError): boolean {
  return error.status === 403 || error.status === 422 || error.status === 400;
}

/** What the API server itself has said, without where it was asked and without advice for administrators. */
export function wordsOf({ message, where, remedy }: WsiError): string {
  const start = where !== undefined && message.startsWith(`${where}: `) ? where.length + 2 : 0;
  const end = remedy !== undefined && message.endsWith(` ${remedy}`) ? -remedy.length - 1 : undefined;
  return message.slice(start, end);
}

/** The name of an object that a job needs is taken; for how long, tells {@link ownership}. */
export function nameTaken(whose: 'former' | 'foreign', where: string): WsiError {
  if (whose === 'former') {
    const problem = 'still there from a deleted job of this name; waiting until it is removed';
    return new WsiError('Unavailable', problem, { where, retryable: true });
  }
  return new WsiError('Unavailable', 'the name is taken by an object that is not of this job', {
    where,
    remedy: 'Delete that object or rename the job: the operator touches nothing that is not its own.',
  });
}

/** Somebody else has written first: not a failure, but a reason to observe again. */
export function staleWrite(error: ApiError): WsiError {
  return new WsiError('StaleGeneration', wordsOf(error), { cause: error, retryable: true });
}
