import { describe, expect, it } from '@jest/globals';
import { isTrue, type WsiTrainingJob } from '@wsi-operator/api';
import { buildJob, pod, progressAt, ready, seen } from '../testing/builders.ts';
import type { Action } from '../job/actions.ts';
import type { Plan } from './pass.ts';
import type { Slot } from '../job/names.ts';
import { plan as planWith } from './plan.ts';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { Observed } from './observed.ts';

const now = 1_000_000_000_000;
const plan = (job: WsiTrainingJob, observed: Observed, time: number): Plan =>
  planWith(job, ready(job, observed), time, LOCAL_SETTINGS);
const coordinator: Slot = { role: 'coordinator', index: 0 };
const server: Slot = { role: 'server', index: 0 };
const worker = (index: number): Slot => ({ role: 'worker', index });

const created = (result: Plan): string[] =>
  result.actions.flatMap((action) =>
    action.kind === 'createPod' ? (action.object.metadata?.name ?? []) : [],
  );
const deleted = (result: Plan): string[] =>
  result.actions.flatMap((action: Action) => (action.kind === 'deletePod' ? action.name : []));
const withStatus = (job: WsiTrainingJob, result: Plan): WsiTrainingJob => ({ ...job, status: result.status });
const all = (job: WsiTrainingJob) => [
  pod(job, coordinator),
  pod(job, server),
  pod(job, worker(0)),
  pod(job, worker(1)),
];

describe('starting', () => {
  it('makes the job file and the service, coordinator and servers first, workers when those run', () => {
    const job = buildJob({ servers: 2 });
    const nothing = planWith(job, seen([]), now, LOCAL_SETTINGS);
    expect(created(nothing)).toEqual([]);
    expect(nothing.requeueAfterMilliseconds).toBe(0);
    const first = plan(job, seen([]), now);
    expect(nothing.actions.flatMap((action) => (action.kind === 'apply' ? action.object.kind : []))).toEqual([
      'ConfigMap',
      'Service',
    ]);
    expect(created(first)).toEqual(['lung-coordinator-0', 'lung-server-0', 'lung-server-1']);
    expect(first.status.phase).toBe('Starting');
    expect(isTrue(first.status.conditions, 'Created')).toBe(true);
    const roles = [pod(job, coordinator), pod(job, server), pod(job, { role: 'server', index: 1 })];
    expect(created(plan(job, seen(roles), now))).toEqual(['lung-worker-0', 'lung-worker-1']);
    const waiting = [pod(job, coordinator, { phase: 'Pending' }), ...roles.slice(1)];
    expect(created(plan(job, seen(waiting), now))).toEqual([]);
  });

  it('is Running when all roles are, and reports it once', () => {
    const job = buildJob();
    const first = plan(job, seen(all(job)), now);
    expect(first.status.phase).toBe('Running');
    expect(first.events.map((event) => event.reason)).toContain('PodsReady');
    const second = plan(withStatus(job, first), seen(all(job)), now + 5);
    expect(second.events).toEqual([]);
    expect(second.status.workers).toMatchObject({ ready: 2, desired: 2, summary: '2/2' });
  });

  it('keeps the last progress while the coordinator does not answer', () => {
    const job = buildJob();
    const first = plan(job, seen(all(job), progressAt(30)), now);
    expect(first.status.progress).toMatchObject({ step: 30, steps: 100, fraction: 0.3 });
    expect(plan(withStatus(job, first), seen(all(job)), now).status.progress).toMatchObject({ step: 30 });
  });
});

describe('ends', () => {
  it('counts first, removes after the count is stored and the delay is over, then creates again', () => {
    const job = buildJob();
    const times = { finishedAt: now, startedAt: now };
    const dead = pod(job, worker(1), { exitCode: 1, message: 'boom', uid: 'first', ...times });
    const pods = [...all(job).slice(0, 3), dead];
    const first = plan(job, seen(pods), now);
    expect(deleted(first)).toEqual([]);
    expect(first.requeueAfterMilliseconds).toBe(0);
    expect(first.events[0]).toMatchObject({ type: 'Warning', reason: 'PodCrashed' });
    expect(first.events[0]?.message).toMatch(
      /worker 1 crashed \(exit code 1\): boom; starting it again in 1 s/,
    );
    const second = plan(withStatus(job, first), seen(pods), now + 999);
    expect(deleted(second)).toEqual([]);
    expect(second.requeueAfterMilliseconds).toBe(1);
    expect(second.events).toEqual([]);
    const third = plan(withStatus(job, second), seen(pods), now + 1000);
    expect(deleted(third)).toEqual(['lung-worker-1']);
    const fourth = plan(withStatus(job, third), seen(pods.slice(0, 3)), now + 1001);
    expect(created(fourth)).toEqual(['lung-worker-1']);
    const fifth = plan(withStatus(job, fourth), seen(all(job)), now + 1002);
    expect(fifth.status.workers?.restarts).toBe(1);
    expect(fifth.status.restarts).toBe(1);
    // Also when the new pod has ended before it was observed.
    const quick = pod(job, worker(1), { exitCode: 1, uid: 'third', finishedAt: now + 1002 });
    const sixth = plan(withStatus(job, fourth), seen([...pods.slice(0, 3), quick]), now + 1002);
    expect(sixth.status.failures?.[0]?.failures).toBe(2);
    expect(sixth.status.restarts).toBe(1);
  });

  it.each([
    [64, undefined, 'Failed', 'InputInvalid'],
    [74, undefined, 'goes on', ''],
    [143, undefined, 'goes on', ''],
    [137, 'OOMKilled', 'goes on', ''],
    [139, undefined, 'goes on', ''],
  ])('exit code %i (%s): %s', (exitCode, reason, outcome, conditionReason) => {
    const job = buildJob();
    const dead = pod(job, coordinator, {
      exitCode,
      message: 'cohort.csv row 3: no such slide',
      finishedAt: now,
      ...(reason === undefined ? {} : { reason }),
    });
    const result = plan(job, seen([dead, ...all(job).slice(1)]), now);
    const failed = result.status.conditions?.find((condition) => condition.type === 'Failed');
    expect(failed?.reason ?? '').toBe(conditionReason);
    expect(failed === undefined).toBe(outcome === 'goes on');
    if (failed !== undefined) {
      expect(failed.message).toContain('cohort.csv row 3: no such slide');
      expect(result.events.map((event) => event.reason)).toEqual(['JobCreated', 'InputInvalid']);
    }
    if (reason === 'OOMKilled') expect(result.events[0]?.reason).toBe('PodOutOfMemory');
  });

  it('fails when a pod keeps ending without progress, and starts the row again with progress', () => {
    const run = (steps: readonly number[]): string | undefined => {
      let job = buildJob({ runPolicy: { backoffLimit: 3 } });
      steps.forEach((step, index) => {
        const uid = `uid-${index}`;
        const time = now + index * 1000;
        const dead = pod(job, worker(0), { exitCode: 1, uid, startedAt: time, finishedAt: time });
        const result = plan(job, seen([dead], progressAt(step)), time);
        job = withStatus(job, result);
      });
      return job.status?.phase;
    };
    expect(run([5, 5, 5])).not.toBe('Failed');
    expect(run([5, 5, 5, 5])).toBe('Failed');
    expect(run([5, 5, 5, 6, 6, 6])).not.toBe('Failed');
    expect(run([5, 5, 5, 6, 6, 6, 6])).toBe('Failed');
    // Going over the same steps again after a roll-back is no progress.
    expect(run([9, 5, 9, 9])).toBe('Failed');
  });

  it('does not count evictions', () => {
    let job = buildJob({ runPolicy: { backoffLimit: 0 } });
    for (let index = 0; index < 5; index += 1) {
      const dead = pod(job, worker(0), { exitCode: 143, uid: `uid-${index}` });
      job = withStatus(job, plan(job, seen([dead]), now));
    }
    expect(job.status?.phase).not.toBe('Failed');
    expect(job.status?.failures?.[0]).toMatchObject({ failures: 5, counted: 0, inARow: 5 });
  });
});

describe('ending', () => {
  it('succeeds with the coordinator, then cleans up; ends of other roles are no failures any more', () => {
    const job = buildJob();
    const done = pod(job, coordinator, { phase: 'Succeeded', exitCode: 0 });
    const crashed = pod(job, worker(1), { exitCode: 1 });
    const pods = [done, pod(job, server), pod(job, worker(0)), crashed];
    const first = plan(job, seen(pods), now);
    expect(first.status.phase).toBe('Succeeded');
    expect(first.status.completionTime).toBe(new Date(now).toISOString());
    expect(first.actions).toEqual([]);
    expect(first.requeueAfterMilliseconds).toBe(0);
    const second = plan(withStatus(job, first), seen(pods), now + 1);
    expect(deleted(second).sort()).toEqual([
      'lung-coordinator-0',
      'lung-server-0',
      'lung-worker-0',
      'lung-worker-1',
    ]);
    expect(second.status.restarts).toBe(0);
    const running = buildJob({ runPolicy: { cleanPodPolicy: 'Running' }, status: first.status });
    expect(deleted(plan(running, seen(pods), now)).sort()).toEqual(['lung-server-0', 'lung-worker-0']);
  });

  it('removes the job when its time to live is over', () => {
    const job = buildJob({ runPolicy: { ttlSecondsAfterFinished: 60 } });
    const done = pod(job, coordinator, { phase: 'Succeeded', exitCode: 0 });
    const finished = withStatus(job, plan(job, seen([done]), now));
    expect(plan(finished, seen([]), now + 1000).requeueAfterMilliseconds).toBe(59_000);
    expect(plan(finished, seen([]), now + 60_000).actions).toEqual([{ kind: 'deleteJob' }]);
  });

  it('suspends: the coordinator alone first, the others when it is gone; then starts again', () => {
    const running = buildJob();
    const status = plan(running, seen(all(running)), now).status;
    const job = buildJob({ suspend: true, status });
    expect(deleted(plan(job, seen(all(job)), now))).toEqual(['lung-coordinator-0']);
    const leaving = pod(job, coordinator, { leaving: true });
    const waiting = plan(job, seen([leaving, ...all(job).slice(1)]), now);
    expect(waiting.actions).toEqual([]);
    expect(isTrue(waiting.status.conditions, 'Suspended')).toBe(false);
    const others = plan(job, seen(all(job).slice(1)), now);
    expect(deleted(others).sort()).toEqual(['lung-server-0', 'lung-worker-0', 'lung-worker-1']);
    const stopped = plan(withStatus(job, others), seen([]), now);
    expect(stopped.status.phase).toBe('Suspended');
    expect(stopped.status.suspended).toBe(true);
    const resumed = plan(buildJob({ status: stopped.status }), seen([]), now);
    expect(created(resumed)).toEqual(['lung-coordinator-0', 'lung-server-0']);
    expect(isTrue(resumed.status.conditions, 'Suspended')).toBe(false);
  });

  it('fails at the deadline, of active time only', () => {
    const job = buildJob({ runPolicy: { activeDeadlineSeconds: 10 } });
    const waits = withStatus(job, plan(job, seen([]), now));
    const up = withStatus(job, plan(waits, seen(all(job)), now + 3_600_000));
    expect(up.status?.phase).toBe('Running');
    const lost = withStatus(job, plan(up, seen(all(job).slice(1)), now + 3_604_000));
    expect(lost.status?.activeSeconds).toBe(4);
    expect(plan(lost, seen(all(job).slice(1)), now + 9_000_000).status.phase).toBe('Starting');
    const again = withStatus(job, plan(lost, seen(all(job)), now + 9_000_000));
    expect(plan(again, seen(all(job)), now + 9_005_999).status.phase).toBe('Running');
    const late = plan(again, seen(all(job)), now + 9_006_000);
    expect(late.status.phase).toBe('Failed');
    expect(late.status.conditions?.find((condition) => condition.type === 'Failed')?.reason).toBe(
      'DeadlineExceeded',
    );
    expect(deleted(plan(withStatus(job, late), seen(all(job)), now + 9_006_001))).toEqual([
      'lung-coordinator-0',
    ]);
  });
});

describe('changes', () => {
  it('scales workers: the highest leave, new ones join, and says so', () => {
    const four = buildJob({ workers: 4 });
    const pods = [...all(four), pod(four, worker(2)), pod(four, worker(3))];
    const status = plan(four, seen(pods), now).status;
    const two = buildJob({ workers: 2, status });
    const smaller = plan(two, seen(pods), now);
    expect(deleted(smaller)).toEqual(['lung-worker-3', 'lung-worker-2']);
    expect(isTrue(smaller.status.conditions, 'Scaling')).toBe(true);
    const done = plan(withStatus(two, smaller), seen(all(two)), now);
    expect(isTrue(done.status.conditions, 'Scaling')).toBe(false);
    const larger = plan(buildJob({ workers: 3, status: done.status }), seen(all(two)), now);
    expect(created(larger)).toEqual(['lung-worker-2']);
  });

  it('starts again, in order, when the number of servers changes', () => {
    const before = buildJob({ servers: 1 });
    const after = buildJob({ servers: 2, status: plan(before, seen(all(before)), now).status });
    expect(deleted(plan(after, seen(all(before)), now))).toEqual(['lung-coordinator-0']);
    expect(deleted(plan(after, seen(all(before).slice(1)), now)).length).toBe(3);
    expect(created(plan(after, seen([]), now))).toEqual([
      'lung-coordinator-0',
      'lung-server-0',
      'lung-server-1',
    ]);
  });
});
