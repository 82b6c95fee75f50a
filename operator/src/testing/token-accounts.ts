/** For tests: accounts with tokens, whom the fake API server knows and judges as a real one does. */
import type { FakeRequest } from '@wsi-operator/controller/testing';
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from '../cluster/kubernetes/resources.ts';

export interface Account {
  readonly user: string;
  readonly mayGetMetrics: boolean;
  /** Its token was good once. */
  readonly hasExpired?: boolean;
}

/** Accounts by their tokens, which can change at any time; `answerTo` is for `FakeApiServerOptions`. */
export class TokenAccounts {
  readonly accounts = new Map<string, Account>();

  add(token: string, account: Account): string {
    this.accounts.set(token, account);
    return token;
  }

  readonly answerTo = (request: FakeRequest, body: unknown): object | undefined => {
    if (request.verb !== 'create') return undefined;
    const { spec } = (body ?? {}) as { readonly spec?: unknown };
    if (request.resource?.plural === TOKEN_REVIEWS.plural) return this.#tokenReview(spec as TokenSpec);
    if (request.resource?.plural === SUBJECT_ACCESS_REVIEWS.plural)
      return this.#accessReview(spec as Subject);
    return undefined;
  };

  #tokenReview({ token }: TokenSpec): object {
    const account = this.accounts.get(token);
    if (account === undefined || account.hasExpired === true) {
      return { status: { user: {}, error: 'invalid bearer token, token lookup failed' } };
    }
    const user = { username: account.user, uid: '1', groups: ['system:authenticated'], extra: { a: ['b'] } };
    return { status: { authenticated: true, user } };
  }

  #accessReview({ user, groups, extra, nonResourceAttributes }: Subject): object {
    const { path, verb } = nonResourceAttributes;
    const account = [...this.accounts.values()].find((each) => each.user === user);
    // What a webhook or an RBAC rule may read must have arrived.
    const isWhole = groups?.[0] === 'system:authenticated' && extra?.['a']?.[0] === 'b';
    const allowed = account?.mayGetMetrics === true && path === '/metrics' && verb === 'get' && isWhole;
    return { status: { allowed } };
  }
}

interface TokenSpec {
  readonly token: string;
}

interface Subject {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly nonResourceAttributes: { readonly path: string; readonly verb: string };
}
