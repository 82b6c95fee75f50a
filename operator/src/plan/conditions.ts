/** What the course and the pods mean for the conditions. */
import { isTrue, type ConditionInput } from '@wsi-operator/api';
import type { StatusInput } from './status-input.ts';
import { findBlocker, findTrouble, type Blocker } from './blockers.ts';
import { initializing } from './container-trouble.ts';
import { describe } from './failure-policy.ts';
import { replicasOf, type Role } from '../job/names.ts';
import { allUp, countUp, type ObservedSlot } from '../job/snapshot.ts';
import type { Course } from './course.ts';

type Input = Pick<StatusInput, 'job' | 'snapshot' | 'failures' | 'course' | 'stopped' | 'observed'>;

export function conditionChanges(input: Input): ConditionInput[] {
  const { course, stopped } = input;
  const created: ConditionInput = { type: 'Created', status: 'True', reason: 'JobCreated' };
  const over: ConditionInput[] = [
    created,
    { type: 'Running', status: 'False', reason: 'JobFinished' },
    { type: 'Scaling', status: 'False', reason: 'JobFinished' },
    { type: 'Degraded', status: 'False', reason: 'JobFinished' },
  ];
  switch (course.kind) {
    case 'finished':
      return [];
    case 'succeed':
      return [...over, { type: 'Succeeded', status: 'True', reason: 'TrainingCompleted' }];
    case 'fail':
      return [...over, { type: 'Failed', status: 'True', reason: course.reason, message: course.message }];
    case 'stop':
      return [created, WELL, ...stopChanges(course, stopped)];
    case 'wait': {
      const { reason, message } = course;
      return [created, WELL, RESUMED, { type: 'Running', status: 'False', reason, message }];
    }
    case 'run':
      return [created, RESUMED, ...runChanges(input)];
  }
}

const WELL: ConditionInput = { type: 'Degraded', status: 'False', reason: 'NothingInTheWay' };
const RESUMED: ConditionInput = { type: 'Suspended', status: 'False', reason: 'JobResumed' };

function stopChanges(course: Extract<Course, { kind: 'stop' }>, stopped: boolean): ConditionInput[] {
  const type = 'Running';
  const status = 'False';
  switch (course.why) {
    case 'deleted':
      return [{ type, status, reason: 'JobFinished', message: 'The job is being deleted.' }];
    case 'evicted':
      return [{ type, status, reason: 'Evicted', message: course.message }];
    case 'notAllowed':
      return [{ type, status, reason: 'NotAllowed', message: course.message }];
    case 'changed': {
      const message = 'The spec or the certificates have changed: the run starts again from its checkpoint.';
      return [{ type, status, reason: 'PodsStarting', message }];
    }
    case 'suspended': {
      const message = stopped ? 'The job is suspended.' : 'The job is being suspended.';
      const leaving: ConditionInput = { type, status, reason: 'JobSuspended', message };
      return stopped ? [leaving, { type: 'Suspended', status: 'True', reason: 'JobSuspended' }] : [leaving];
    }
  }
}

function runChanges(input: Input): ConditionInput[] {
  const { slots, surplus } = input.snapshot;
  const up = (role: Role): number => countUp(slots, role);
  const workers = replicasOf(input.job, 'worker');
  const servers = replicasOf(input.job, 'server');
  const running = allUp(input.job, slots);
  const message = `coordinator ${up('coordinator')}/1, servers ${up('server')}/${servers}, workers ${up('worker')}/${workers}`;
  const blocker = findBlocker(slots, input.observed.refusals ?? []);
  const scaling: ConditionInput = isScaling(input)
    ? {
        type: 'Scaling',
        status: 'True',
        ...(blocker ?? autoscaled(input) ?? { reason: 'ReplicasChanging', message }),
      }
    : { type: 'Scaling', status: 'False', reason: 'ReplicasReached' };
  const trouble = (running ? blocker : undefined) ?? findTrouble([...slots, ...surplus]);
  const missing = [...slots, ...surplus].filter((slot) => slot.state !== 'running');
  return [
    running
      ? { type: 'Running', status: 'True', reason: 'PodsReady' }
      : {
          type: 'Running',
          status: 'False',
          ...(blocker ?? restarting(input, missing) ?? starting(message, slots)),
        },
    scaling,
    trouble === undefined ? WELL : { type: 'Degraded', status: 'True', ...trouble },
  ];
}

/** The autoscaler's own words, when it is what has changed the number of workers last. */
function autoscaled({ job }: Input): Blocker | undefined {
  const { workers, decisions } = job.status?.autoscaling ?? {};
  const last = decisions?.findLast(({ what }) => what === 'workers');
  if (job.spec.autoscaling === undefined || last === undefined || last.to !== workers) return undefined;
  return { reason: 'Autoscaled', message: last.reason };
}

function starting(counts: string, slots: readonly ObservedSlot[]): Blocker {
  return { reason: 'PodsStarting', message: [counts, ...initRuns(slots)].join('; ') };
}

/** Of one pod: the container that its role waits for. */
function initRuns(slots: readonly ObservedSlot[]): string[] {
  return slots
    .flatMap((slot) => {
      const container = slot.state === 'pending' ? initializing(slot.pod) : undefined;
      return container === undefined ? [] : [`${container.text} of ${describe(slot)} runs first`];
    })
    .slice(0, 1);
}

/** Workers join or leave a run that goes on. A slot that is being refilled after an end is a restart, not scaling. */
function isScaling({ job, snapshot, failures }: Input): boolean {
  if (!isTrue(job.status?.conditions, 'Running')) return false;
  const ended = new Set(failures.records.map((record) => record.pod));
  const joins = ({ role, state, name }: ObservedSlot): boolean =>
    role === 'worker' && state !== 'running' && !ended.has(name);
  const allowed = snapshot.slots.filter(({ role }) => role === 'worker').length;
  const queued = allowed < replicasOf(job, 'worker');
  return snapshot.surplus.length > 0 || queued || snapshot.slots.some(joins);
}

/** The last end of those that are being made good. */
function restarting({ failures }: Input, missing: readonly ObservedSlot[]): Blocker | undefined {
  const names = new Set(missing.map(({ name }) => name));
  const ends = failures.records.filter(({ pod }) => names.has(pod));
  const killed = ends.findLast(({ reason }) => reason === 'outOfMemory');
  const last = killed ?? ends.at(-1);
  if (last === undefined) return undefined;
  const reason = killed === undefined ? 'PodRestarting' : 'OutOfMemory';
  const again = `${last.pod} is being started again: it ${last.message}`;
  return { reason, message: [again, ...initRuns(missing)].join('; ') };
}
