/** What becomes of a job that asks for what the administrator does not allow. */
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ISOLATION, findCondition, type WsiTrainingJob } from '@wsi-operator/api';
import type { Plan } from './pass.ts';
import { DEFAULT_SETTINGS, LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import { buildJob, pod, seen } from '../testing/builders.ts';
import { plan } from './plan.ts';
import { buildPod } from '../objects/pods.ts';

const now = Date.UTC(2026, 0);
const privileged = { spec: { containers: [{ name: 'trainer', securityContext: { privileged: true } }] } };
const bad = buildJob({ templates: { worker: privileged } });
const coordinator = { role: 'coordinator', index: 0 } as const;
const worker = { role: 'worker', index: 0 } as const;

const settings: ClusterSettings = { ...DEFAULT_SETTINGS, certificates: false };
const planFor = (job: WsiTrainingJob, observed: Observed, given = settings): Plan =>
  plan(job, observed, now, given);
const running = ({ status }: Plan) => findCondition(status.conditions, 'Running');
const kinds = ({ actions }: Plan): string[] => actions.map(({ kind }) => kind);

describe('a job that is not allowed', () => {
  it('gets no pod and nothing else, and names the field and what to do, once as an event', () => {
    const first = planFor(bad, seen([]));
    expect(first.actions).toEqual([]);
    expect(running(first)).toMatchObject({
      status: 'False',
      reason: 'NotAllowed',
      message:
        'not allowed here (isolation profile restricted): ' +
        'spec.workers.template.spec.containers[trainer].securityContext.privileged: must not be true. ' +
        'Leave it out: devices come from resources.limits.',
    });
    expect(first.status).toMatchObject({ phase: 'Pending', message: running(first)?.message });
    const reported = first.events.filter(({ reason }) => reason === 'NotAllowed');
    expect(reported).toMatchObject([{ type: 'Warning' }]);
    expect(planFor({ ...bad, status: first.status }, seen([])).events).toEqual([]);
  });

  it('that runs already ends in order: the coordinator first, which writes a checkpoint', () => {
    const up = [pod(bad, coordinator), pod(bad, worker)];
    const stop = planFor(bad, seen(up));
    expect(stop.actions).toMatchObject([{ kind: 'deletePod', name: 'lung-coordinator-0' }]);
    expect(running(stop)).toMatchObject({ status: 'False', reason: 'NotAllowed' });
  });

  it('can be suspended and deleted as any other', () => {
    expect(running(planFor({ ...bad, spec: { ...bad.spec, suspend: true } }, seen([])))).toMatchObject({
      reason: 'JobSuspended',
    });
    const deletionTimestamp = new Date(now).toISOString();
    const leaving = { ...bad, metadata: { ...bad.metadata, deletionTimestamp } };
    expect(kinds(planFor(leaving, seen([pod(bad, worker)])))).toEqual(['deletePod']);
  });

  it('starts when the administrator allows it, or when it is mended', () => {
    const refused = { ...bad, status: planFor(bad, seen([])).status };
    const allowed = planFor(refused, seen([]), {
      ...settings,
      isolation: { ...DEFAULT_ISOLATION, profile: 'privileged' },
    });
    expect(running(allowed)?.reason).not.toBe('NotAllowed');
    const mended = { ...buildJob(), status: refused.status };
    expect(running(planFor(mended, seen([])))?.reason).not.toBe('NotAllowed');
  });

  it('names the first of many faults only', () => {
    const containers = Array.from({ length: 16 }, (_unused, index) => ({
      name: index === 0 ? 'trainer' : `c${index}`,
      securityContext: { privileged: true },
    }));
    const many = buildJob({
      templates: { worker: { spec: { containers } }, server: { spec: { containers } } },
    });
    expect(running(planFor(many, seen([])))?.message).toMatch(/; and 27 more$/);
  });

  it('is queued no more', () => {
    const job = {
      ...bad,
      spec: { ...bad.spec, runPolicy: { ...bad.spec.runPolicy, gang: 'volcano' as const } },
    };
    const observed: Observed = { ...seen([]), gangs: ['volcano'] };
    expect(kinds(planFor(job, observed))).toEqual([]);
  });
});

it('of a gang and a queue that are not allowed, the one is meant that the job gets', () => {
  const isolation = { ...DEFAULT_ISOLATION, gangs: ['kueue'], queues: ['team'] };
  const enforced: ClusterSettings = { ...settings, defaultGang: 'kueue', defaultQueue: 'team', isolation };
  const reason = (runPolicy: object): string | undefined =>
    running(planFor(buildJob({ runPolicy }), { ...seen([]), gangs: ['kueue'] }, enforced))?.reason;
  expect(reason({})).not.toBe('NotAllowed');
  expect(reason({ gang: 'none' })).toBe('NotAllowed');
  expect(reason({ queue: 'others' })).toBe('NotAllowed');
});

it('on this machine, roles are processes, and nothing is asked', () => {
  expect(running(planFor(bad, seen([]), LOCAL_SETTINGS))?.reason).not.toBe('NotAllowed');
});

describe('what a template leaves out is set', () => {
  const contextOf = (securityContext: object) => {
    const template = { spec: { containers: [{ name: 'trainer', securityContext }] } };
    const { spec } = buildPod(buildJob({ templates: { worker: template } }), worker, settings);
    return spec?.containers[0]?.securityContext;
  };

  it('beside an added capability, all others are dropped', () => {
    expect(contextOf({ capabilities: { add: ['NET_BIND_SERVICE'] } })?.capabilities).toEqual({
      drop: ['ALL'],
      add: ['NET_BIND_SERVICE'],
    });
  });

  it('null leaves it out, too', () => {
    const given = { allowPrivilegeEscalation: null, capabilities: { drop: null } };
    expect(contextOf(given)).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });
});
