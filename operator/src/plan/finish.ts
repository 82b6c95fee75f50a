/**
 * Whether the run is over. Only the coordinator knows, and only its own word counts: that another container of its pod
 * has ended, that the pod is called Succeeded, or that nothing is there any more says nothing of the run.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { V1Pod } from '../kubernetes-types.ts';
import type { TrainingProgress } from './training-progress.ts';
import { isLostReason } from './disruptions.ts';
import { lastWordOf } from './last-word.ts';
import { TRAINER_CONTAINER } from '../job/names.ts';
import { trainerEnd, type ObservedSlot } from '../job/snapshot.ts';

/** What is known of the run besides its pods. */
export interface Heard {
  readonly job: WsiTrainingJob;
  /** What the coordinator said last; older is what the job's status holds. */
  readonly progress: TrainingProgress | undefined;
}

/** The step of the checkpoint that a coordinator says it has left; undefined when it was not stopped, or says nothing. */
export function checkpointLeft(pod: V1Pod | undefined): number | undefined {
  return lastWordOf(trainerEnd(pod)?.message).checkpointStep;
}

/**
 * Its own container has ended with 0, and
 * - has left the result of the run, or
 * - had said that all steps are done, or
 * - has said nothing of the run (a kubelet may keep no messages), where it runs the operator's own command: then the exit
 *   code is the program's word. That of a template's command may be anything, such as that of the last program of a pipe.
 */
export function hasFinished({ role, pod, gone }: ObservedSlot, { job, progress }: Heard): boolean {
  if (role !== 'coordinator') return false;
  const end = trainerEnd(pod ?? gone);
  if (end?.exitCode !== 0 || isLostReason(end.reason)) return false;
  const { isResult, isProblem } = lastWordOf(end.message);
  if (isResult) return true;
  const { step = 0, steps = 0 } = progress ?? job.status?.progress ?? {};
  if (steps > 0) return step >= steps;
  return !hasOwnCommand(job) && !isProblem;
}

function hasOwnCommand({ spec }: WsiTrainingJob): boolean {
  const containers: readonly Readonly<Record<string, unknown>>[] =
    spec.coordinator.template.spec?.containers ?? [];
  const trainer = containers.find(({ name }) => name === TRAINER_CONTAINER) ?? containers[0];
  return trainer?.['command'] !== undefined || trainer?.['args'] !== undefined;
}
