/** What the API server says of a token: whose it is, and whether that account may fetch metrics. */
import type { ApiClient, CallOptions } from '@wsi-operator/controller';
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from '../../cluster/kubernetes/resources.ts';

export const METRICS_PATH = '/metrics';

export type Reviewed =
  | { readonly kind: 'allowed' }
  /** No account's token, or one that has expired. */
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'forbidden'; readonly user: string };

interface User {
  readonly username?: unknown;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface TokenReview {
  readonly status?: { readonly authenticated?: unknown; readonly user?: User };
}

interface SubjectAccessReview {
  readonly status?: { readonly allowed?: unknown; readonly denied?: unknown };
}

/** What a stranger's token makes the API server answer is not read beyond this. */
const MOST_ANSWER_BYTES = 2 ** 20;

/**
 * Two requests at most. An answer that does not say yes says no.
 * @throws ApiError when one of them is not answered, or refused
 */
export async function reviewToken(
  client: Pick<ApiClient, 'create'>,
  token: string,
  options: CallOptions,
): Promise<Reviewed> {
  const bounded = { ...options, mostAnswerBytes: MOST_ANSWER_BYTES };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const { status } = (await client.create<object>(TOKEN_REVIEWS, review, bounded)) as TokenReview;
  const user = status?.user;
  if (status?.authenticated !== true || typeof user?.username !== 'string' || user.username === '') {
    return { kind: 'unauthenticated' };
  }
  const question = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.username,
      uid: user.uid,
      groups: user.groups,
      extra: user.extra,
      nonResourceAttributes: { path: METRICS_PATH, verb: 'get' },
    },
  };
  const answer = (await client.create<object>(
    SUBJECT_ACCESS_REVIEWS,
    question,
    bounded,
  )) as SubjectAccessReview;
  const isAllowed = answer.status?.allowed === true && answer.status.denied !== true;
  return isAllowed ? { kind: 'allowed' } : { kind: 'forbidden', user: user.username };
}
