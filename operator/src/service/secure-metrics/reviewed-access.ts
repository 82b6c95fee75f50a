/**
 * Who may fetch metrics, as the API server says it (TokenReview, then SubjectAccessReview for `get /metrics`). Answers are
 * kept for a short time by a keyed digest of the token; the token itself is neither kept nor reported. Whoever sends tokens
 * without end makes few requests to the API server at a time, keeps no memory, and does not stand in front of those whose
 * token was allowed before.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { ApiError, type ApiClient } from '@wsi-operator/controller';
import type { Clock, Logger } from '@wsi-operator/foundation';
import { AddressCounts } from './address-counts.ts';
import { BoundedMap } from './bounded-map.ts';
import { reviewToken, type Reviewed } from './token-review.ts';

/** - `unavailable`: the API server does not say; - `busy`: too many tokens are being reviewed. */
export type Access = Reviewed['kind'] | 'unavailable' | 'busy';

/** A right that is taken away, and a token that ends, are noticed after this time at most. */
const ALLOWED_MILLISECONDS = 60_000;
/** A right that is granted counts after this time at most. */
const REFUSED_MILLISECONDS = 10_000;
/**
 * Who was allowed is reviewed past the limits for strangers, and stays allowed while the API server does not answer: that is
 * when its metrics are needed most.
 */
const REMEMBERED_MILLISECONDS = 600_000;
const MOST_ALLOWED = 64;
const MOST_REFUSED = 1024;
/** Tokens of strangers under review at the same time: all, and of one address. */
const MOST_REVIEWS = 8;
const MOST_REVIEWS_OF_ADDRESS = 2;
/** Below the ten seconds that Prometheus waits for a scrape. */
const REVIEW_MILLISECONDS = 8_000;
const TELL_AGAIN_MILLISECONDS = 60_000;

export const REVIEWS_REMEDY =
  'Grant it `create` on tokenreviews.authentication.k8s.io and subjectaccessreviews.authorization.k8s.io by a ClusterRole: ' +
  'metrics.secure.enabled of the chart does with rbac.create, manifests/overlays/secure-metrics otherwise; or let clients show ' +
  'certificates instead (metrics.secure.clientAuthoritySecret).';

export interface ReviewedAccessOptions {
  /** Of its own: reviews must not stand in front of what the operator does for jobs. */
  readonly client: Pick<ApiClient, 'create'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ReviewedAccess {
  readonly #options: ReviewedAccessOptions;
  readonly #digestKey = randomBytes(32);
  /** Digest -> when it was reviewed. */
  readonly #allowed = new BoundedMap<number>(MOST_ALLOWED);
  readonly #refused = new BoundedMap<{ readonly access: Access; readonly until: number }>(MOST_REFUSED);
  readonly #pending = new Map<string, Promise<Access>>();
  /** Reviews of strangers under way. */
  readonly #strangers = new AddressCounts();
  /** When what kind of failure was reported last. */
  readonly #reported = new Map<string, number>();

  constructor(options: ReviewedAccessOptions) {
    this.#options = options;
  }

  /** @param address where the request came from */
  async check(token: string, address: string): Promise<Access> {
    const digest = createHmac('sha256', this.#digestKey).update(token).digest('base64');
    const now = this.#options.clock.monotonic();
    const reviewed = this.#allowed.get(digest) ?? Number.NEGATIVE_INFINITY;
    if (now - reviewed < ALLOWED_MILLISECONDS) return 'allowed';
    const refusal = this.#refused.get(digest);
    if (refusal !== undefined && now < refusal.until) return refusal.access;
    const isKnown = now - reviewed < REMEMBERED_MILLISECONDS;
    const pending = this.#pending.get(digest);
    if (pending !== undefined) return pending;
    if (!isKnown && !this.#enter(address)) return 'busy';
    const review = this.#review(token, digest, isKnown).finally(() => {
      this.#pending.delete(digest);
      if (!isKnown) this.#strangers.leave(address);
    });
    this.#pending.set(digest, review);
    return review;
  }

  async #review(token: string, digest: string, isKnown: boolean): Promise<Access> {
    const { client, clock, logger } = this.#options;
    const late = new AbortController();
    const over = new AbortController();
    clock.sleep(REVIEW_MILLISECONDS, over.signal).then(
      () => late.abort(),
      () => undefined,
    );
    try {
      // Urgent: strangers may have used up what may be asked in a second.
      const answer = await reviewToken(client, token, { signal: late.signal, urgent: isKnown });
      if (answer.kind === 'allowed') {
        this.#refused.delete(digest);
        this.#allowed.set(digest, clock.monotonic());
      } else {
        this.#allowed.delete(digest);
        const until = clock.monotonic() + REFUSED_MILLISECONDS;
        this.#refused.set(digest, { access: answer.kind, until });
      }
      if (answer.kind === 'forbidden' && this.#isNews(`user ${answer.user}`)) {
        logger.warn({ user: answer.user }, 'metrics refused: the account has no right to get /metrics');
      }
      return answer.kind;
    } catch (error) {
      const isRefused = error instanceof ApiError && (error.status === 403 || error.status === 401);
      this.#report(error, isRefused);
      return isKnown && !isRefused ? 'allowed' : 'unavailable';
    } finally {
      over.abort();
    }
  }

  /** Without the error's own text: what the API server says of a request may repeat parts of it. */
  #report(error: unknown, isRefused: boolean): void {
    const { status, reason, where } =
      error instanceof ApiError ? error : { status: 0, reason: 'Timeout', where: 'reviews' };
    if (!this.#isNews(`${String(status)} ${reason}`)) return;
    const { logger } = this.#options;
    if (isRefused) {
      const problem = 'metrics refused to all: the operator may not ask the API server whose a token is';
      logger.error({ status, reason, where, remedy: REVIEWS_REMEDY }, problem);
    } else {
      logger.warn({ status, reason, where }, 'token not reviewed: the API server does not answer');
    }
  }

  /** The same is not reported again and again. */
  #isNews(what: string): boolean {
    const now = this.#options.clock.monotonic();
    const last = this.#reported.get(what);
    if (last !== undefined && now - last < TELL_AGAIN_MILLISECONDS) return false;
    // Few kinds of failures; accounts there may be many.
    if (this.#reported.size >= MOST_ALLOWED) this.#reported.clear();
    this.#reported.set(what, now);
    return true;
  }

  #enter(address: string): boolean {
    const strangers = this.#strangers;
    if (strangers.all >= MOST_REVIEWS || strangers.of(address) >= MOST_REVIEWS_OF_ADDRESS) return false;
    strangers.enter(address);
    return true;
  }
}
