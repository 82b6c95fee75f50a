/**
 * What the operator asks of the API server, by verb: the roles of the chart grant exactly this, and the tests' server
 * refuses everything else. A call of a new kind needs a line here, or it is refused in the tests already.
 */
import type { GangName } from '@wsi-operator/api';
import { GANG_RESOURCES } from '../../gangs/index.ts';
import { REMOVABLE_KINDS } from '../../plan/owned-objects.ts';
import {
  EVENTS,
  JOBS,
  LEASES,
  OWNED,
  PODS,
  SECRETS,
  SUBJECT_ACCESS_REVIEWS,
  TOKEN_REVIEWS,
} from './resources.ts';

/** As the API server's authorizer names them. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface Right {
  /** - `jobs`: where jobs are; - `cluster`: objects without a namespace; - `release`: the operator's own namespace. */
  readonly scope: 'jobs' | 'cluster' | 'release';
  readonly group: string;
  /** Plural, with the subresource: `pods`, `wsitrainingjobs/status`. */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** Only where this gang is used. */
  readonly gang?: GangName;
  /** Only where this value of the chart is set. */
  readonly option?: 'metrics.secure';
}

const CACHED: readonly Verb[] = ['list', 'watch'];
/** Made by POST; read when the name turns out to be taken; repaired by server-side apply, which is a patch. */
const KEPT: readonly Verb[] = [...CACHED, 'get', 'create', 'patch'];

const GANG_RIGHTS: readonly Right[] = (Object.keys(GANG_RESOURCES) as GangName[]).flatMap((gang) =>
  GANG_RESOURCES[gang].map(({ group, plural, namespaced, use }) => ({
    scope: namespaced ? 'jobs' : 'cluster',
    group,
    resource: plural,
    verbs: use === 'owned' ? [...KEPT, 'delete'] : CACHED,
    gang,
  })),
);

export const RIGHTS: readonly Right[] = [
  { scope: 'jobs', group: JOBS.group, resource: JOBS.plural, verbs: [...CACHED, 'get', 'delete'] },
  { scope: 'jobs', group: JOBS.group, resource: `${JOBS.plural}/status`, verbs: ['patch'] },
  // Not called: whoever makes objects that hold back their owner's deletion must have the right to do so.
  { scope: 'jobs', group: JOBS.group, resource: `${JOBS.plural}/finalizers`, verbs: ['update'] },
  // A pod is replaced, never changed.
  { scope: 'jobs', group: PODS.group, resource: PODS.plural, verbs: [...CACHED, 'get', 'create', 'delete'] },
  ...OWNED.map(({ group, plural, kind }): Right => {
    const verbs: Verb[] = REMOVABLE_KINDS.includes(kind) ? [...KEPT, 'delete'] : [...KEPT];
    return { scope: 'jobs', group, resource: plural, verbs };
  }),
  // By name only: neither listed nor watched.
  { scope: 'jobs', group: '', resource: SECRETS.plural, verbs: ['get', 'create', 'patch', 'delete'] },
  { scope: 'jobs', group: EVENTS.group, resource: EVENTS.plural, verbs: ['create', 'patch'] },
  { scope: 'release', group: LEASES.group, resource: LEASES.plural, verbs: ['get', 'create', 'update'] },
  ...[TOKEN_REVIEWS, SUBJECT_ACCESS_REVIEWS].map(({ group, plural }): Right => {
    return { scope: 'cluster', group, resource: plural, verbs: ['create'], option: 'metrics.secure' };
  }),
  ...GANG_RIGHTS,
  { scope: 'jobs', group: 'kueue.x-k8s.io', resource: 'workloads/status', verbs: ['patch'], gang: 'kueue' },
];
