/** Every combination of what an intent is decided from, and that the plan's parts act on the same one. */
import { describe, expect, it } from '@jest/globals';
import { MULTIKUEUE_NAME, OPERATOR_NAME, type WsiTrainingJob } from '@wsi-operator/api';
import { buildJob, pod, seen } from '../testing/builders.ts';
import { intentOf, type JobIntent } from './intent.ts';
import type { Observed } from '../plan/observed.ts';
import { plan } from '../plan/plan.ts';
import { DEFAULT_SETTINGS, type ClusterSettings } from './settings.ts';

const NOW = Date.UTC(2026, 0);
const settings: ClusterSettings = { ...DEFAULT_SETTINGS, certificates: false, defaultQueue: 'queue' };
const PRIVILEGED = { spec: { containers: [{ name: 'trainer', securityContext: { privileged: true } }] } };

interface Combination {
  readonly fault: boolean;
  readonly invalid: boolean;
  readonly manager: 'none' | 'ours' | 'multikueue' | 'other';
  readonly succeeded: boolean;
  readonly failed: boolean;
  readonly deleted: boolean;
  readonly suspended: boolean;
  readonly refused: boolean;
}

const BOTH = [false, true];
const MANAGERS = {
  none: undefined,
  ours: OPERATOR_NAME,
  multikueue: MULTIKUEUE_NAME,
  other: 'example.com/another',
} as const;

/** All of them: 512. */
const COMBINATIONS: readonly Combination[] = BOTH.flatMap((fault) =>
  BOTH.flatMap((invalid) =>
    (Object.keys(MANAGERS) as (keyof typeof MANAGERS)[]).flatMap((manager) =>
      BOTH.flatMap((succeeded) =>
        BOTH.flatMap((failed) =>
          BOTH.flatMap((deleted) =>
            BOTH.flatMap((suspended) =>
              BOTH.map((refused) => ({
                ...{ fault, invalid, manager, succeeded, failed, deleted, suspended, refused },
              })),
            ),
          ),
        ),
      ),
    ),
  ),
);

function jobOf(one: Combination): WsiTrainingJob {
  const condition = (type: 'Succeeded' | 'Failed') => ({
    ...{ type, status: 'True' as const, reason: 'Test', message: 'in a test' },
    lastTransitionTime: new Date(NOW).toISOString(),
  });
  const conditions = [
    ...(one.succeeded ? [condition('Succeeded')] : []),
    ...(one.failed ? [condition('Failed')] : []),
  ];
  const managedBy = MANAGERS[one.manager];
  const built = buildJob({
    suspend: one.suspended,
    ...(one.refused ? { templates: { worker: PRIVILEGED } } : {}),
    status: { conditions },
  });
  return {
    ...built,
    metadata: {
      ...built.metadata,
      ...(one.deleted ? { deletionTimestamp: new Date(NOW).toISOString() } : {}),
    },
    spec: { ...built.spec, ...(managedBy === undefined ? {} : { managedBy }) },
  };
}

function observedOf(one: Combination, pods: Observed['pods'] = []): Observed {
  return {
    ...seen(pods),
    gangs: ['kueue', 'volcano', 'coscheduling', 'native'],
    ...(one.fault ? { fault: 'TypeError' } : {}),
    ...(one.invalid ? { invalid: 'spec is wrong' } : {}),
  };
}

const decided = (one: Combination): JobIntent => intentOf(jobOf(one), observedOf(one), settings);

/** The order of precedence: the first that holds is the intent. */
const PRECEDENCE: readonly (readonly [JobIntent['kind'], (one: Combination) => boolean])[] = [
  ['fault', ({ fault }) => fault],
  ['invalid', ({ invalid }) => invalid],
  ['elsewhere', ({ manager }) => manager === 'other'],
  ['dispatched', ({ manager }) => manager === 'multikueue'],
  ['finished', ({ succeeded, failed }) => succeeded || failed],
  ['deleted', ({ deleted }) => deleted],
  ['suspended', ({ suspended }) => suspended],
  ['notAllowed', ({ refused }) => refused],
  ['run', () => true],
];

describe('the intent of a job', () => {
  it('is the first that holds in the order of precedence, for every combination', () => {
    expect(COMBINATIONS).toHaveLength(512);
    for (const one of COMBINATIONS) {
      const expected = PRECEDENCE.find(([, holds]) => holds(one))?.[0];
      expect({ one, kind: decided(one).kind }).toEqual({ one, kind: expected });
    }
  });

  it('says of a finished job how it ended and whether it is being deleted besides', () => {
    for (const one of COMBINATIONS) {
      const intent = decided(one);
      if (intent.kind !== 'finished') continue;
      const outcome = one.succeeded ? 'Succeeded' : 'Failed';
      expect(intent).toEqual({ kind: 'finished', outcome, deleted: one.deleted });
    }
  });

  it('is for a dispatched job what it would be here, but for the rules of this administrator', () => {
    for (const one of COMBINATIONS) {
      const intent = decided(one);
      if (intent.kind !== 'dispatched') continue;
      expect(intent.there).toEqual(decided({ ...one, manager: 'none', refused: false }));
    }
  });
});

describe('a plan', () => {
  const gangs = ['none', 'kueue', 'volcano', 'coscheduling', 'native'] as const;
  const worker = { role: 'worker', index: 0 } as const;

  it.each(gangs)('makes no pod and no object of gang %s for a job that is not meant to run', (gang) => {
    for (const one of COMBINATIONS.filter((each) => each.manager !== 'multikueue')) {
      const { kind } = decided(one);
      const { actions } = plan(jobOf(one), observedOf(one), NOW, { ...settings, defaultGang: gang });
      const made = actions.filter((action) => action.kind === 'createPod' || action.kind === 'apply');
      expect({ one, made: made.length > 0 }).toEqual({ one, made: kind === 'run' });
    }
  });

  it.each(gangs)('stops pods of gang %s by the same intent by which it rests the gang', (gang) => {
    for (const one of COMBINATIONS) {
      const job = jobOf(one);
      const { kind } = decided(one);
      const running = [pod(job, { role: 'coordinator', index: 0 }), pod(job, worker)];
      const given = { ...settings, defaultGang: gang };
      const { actions } = plan(job, observedOf(one, running), NOW, given);
      const stopped = actions.some((action) => action.kind === 'deletePod');
      const isStop = ['finished', 'deleted', 'suspended', 'notAllowed'].includes(kind);
      // What runs under other rules than those of the gang is stopped to be started under them.
      if (kind !== 'run') expect({ one, stopped }).toEqual({ one, stopped: isStop });
    }
  });
});
