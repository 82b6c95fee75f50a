/** A job that an earlier run in the same directory has begun (pure). */
import { statusProblems, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { ROLES, type Role } from '../../job/names.ts';
import { summaryName } from '../../plan/failure-records.ts';

/** The job as it goes on: with the counts of earlier runs, but none of their ends. */
export function jobToRun(job: WsiTrainingJob, before: WsiTrainingJobStatus | undefined): WsiTrainingJob {
  const run = { ...job, spec: { ...job.spec, suspend: false } };
  if (before === undefined) return run;
  const restarts = restartsByRole(before);
  const status: WsiTrainingJobStatus = {
    coordinator: { restarts: restarts.coordinator },
    parameterServers: { restarts: restarts.server },
    workers: { restarts: restarts.worker },
    // The user has asked to try again: rows of ends begin again, what was started again stays counted.
    failures: ROLES.filter((role) => restarts[role] > 0).map((role) => ({
      pod: summaryName(job, role),
      uid: '',
      failures: restarts[role],
      inARow: 0,
      counted: 0,
      step: 0,
      time: new Date(0).toISOString(),
      reason: 'earlier',
      message: 'ended in an earlier run',
    })),
    conditions: (before.conditions ?? []).filter((entry) => entry.type === 'Suspended'),
    ...carriedOver(before.autoscaling),
  };
  return { ...run, status };
}

/** The size that it had come to, and its model; a file that is not as it was written is left out as a whole. */
function carriedOver(
  autoscaling: WsiTrainingJobStatus['autoscaling'],
): Pick<WsiTrainingJobStatus, 'autoscaling'> {
  if (autoscaling === undefined || statusProblems({ autoscaling }).length > 0) return {};
  return { autoscaling };
}

export function restartsByRole(status: WsiTrainingJobStatus): Record<Role, number> {
  return {
    coordinator: status.coordinator?.restarts ?? 0,
    server: status.parameterServers?.restarts ?? 0,
    worker: status.workers?.restarts ?? 0,
  };
}
