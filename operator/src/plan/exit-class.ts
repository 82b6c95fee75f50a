/** What a pod's end means: one table, read from top to bottom. Exit codes are those of the role's own container. */
import type { V1Pod } from '../kubernetes-types.ts';
import type { ExitClass } from '@wsi-operator/api';
import { isDisrupted, moment } from './disruptions.ts';
import { lastWordOf } from './last-word.ts';
import { TRAINER_CONTAINER } from '../job/names.ts';
import { trainerEnd } from '../job/snapshot.ts';

export type { ExitClass };

export interface PodEnd {
  readonly exitClass: ExitClass;
  readonly exitCode: number | undefined;
  /** One line for people: what happened, with the process' own last words. */
  readonly message: string;
}

const SIGKILL = 9;
const SIGTERM = 15;

/** What each class does: whether the job goes on, and whether the end counts towards runPolicy.backoffLimit. */
export const EXIT_POLICY: Record<
  ExitClass,
  { readonly restart: boolean; readonly counts: boolean; readonly text: string }
> = {
  completed: { restart: true, counts: true, text: 'ended before the run did' },
  input: { restart: false, counts: true, text: 'refused its input' },
  storage: { restart: true, counts: true, text: 'could not write' },
  stopped: { restart: true, counts: false, text: 'was asked to stop from outside' },
  disrupted: { restart: true, counts: false, text: 'was evicted, preempted or lost with its node' },
  outOfMemory: { restart: true, counts: true, text: 'was killed for using more memory than it may' },
  deleted: { restart: true, counts: false, text: 'was deleted by somebody else' },
  killed: { restart: true, counts: true, text: 'was killed with SIGKILL' },
  crashed: { restart: true, counts: true, text: 'crashed' },
};

export function endOf(pod: V1Pod): PodEnd {
  const terminated = trainerEnd(pod);
  const exitClass = classOf(pod);
  if (terminated === undefined)
    return { exitClass, exitCode: undefined, message: withoutEnd(pod, exitClass) };
  const { exitCode } = terminated;
  const words = lastWordOf(terminated.message ?? pod.status?.message).words;
  const text = exitClass === 'outOfMemory' ? outOfMemoryText(pod) : EXIT_POLICY[exitClass].text;
  const code = exitCode === 0 ? '' : ` (exit code ${exitCode})`;
  // The log of a process that was killed ends anywhere: what it said last has nothing to do with it.
  const silent = words === '' || exitClass === 'killed' || exitClass === 'outOfMemory';
  return { exitClass, exitCode, message: `${text}${code}${silent ? '' : `: ${words}`}` };
}

/**
 * The end of a pod that somebody else has removed. It may have ended by itself before: a cleaner of failed pods hides no
 * failure. What was killed because it was to go has not failed.
 */
export function endOfGone(pod: V1Pod): PodEnd {
  if (isDisrupted(pod) || endedBefore(pod)) return endOf(pod);
  return { exitClass: 'deleted', exitCode: undefined, message: EXIT_POLICY.deleted.text };
}

function endedBefore(pod: V1Pod): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata ?? {};
  const terminated = trainerEnd(pod);
  if (terminated === undefined) return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  const asked = moment(deletionTimestamp);
  const byRequest = [128 + SIGTERM, 128 + SIGKILL].includes(terminated.exitCode);
  if (asked === undefined || !byRequest) return true;
  const ended = moment(terminated.finishedAt);
  return ended !== undefined && ended < asked - deletionGracePeriodSeconds * 1000;
}

/** The role's own container has not ended, or not so that anybody knows: what kept it, in the words of who said it. */
function withoutEnd(pod: V1Pod, exitClass: ExitClass): string {
  const { reason, message } = pod.status ?? {};
  const { text } = EXIT_POLICY[exitClass];
  const because = reason === undefined || reason === '' ? '' : ` (${reason})`;
  const init = exitClass === 'crashed' ? failedInit(pod) : undefined;
  if (init !== undefined) return init;
  const words = lastWordOf(message).words;
  return `${exitClass === 'crashed' ? 'failed before its container ended' : text}${because}${words === '' ? '' : `: ${words}`}`;
}

/** Exit codes of an init container are its author's: they mean nothing of ours. */
function failedInit(pod: V1Pod): string | undefined {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const names = new Set(sidecars.map(({ name }) => name));
  const failed = (pod.status?.initContainerStatuses ?? []).find(
    ({ name, state }) => !names.has(name) && (state?.terminated?.exitCode ?? 0) !== 0,
  );
  const end = failed?.state?.terminated;
  if (failed === undefined || end === undefined) return undefined;
  const killed = end.reason === 'OOMKilled' ? ', killed for using more memory than it may' : '';
  const words = lastWordOf(end.message).words;
  return `was not started: its init container ${failed.name} ended with exit code ${end.exitCode}${killed}${words === '' ? '' : `: ${words}`}`;
}

function outOfMemoryText(pod: V1Pod): string {
  const trainer = pod.spec?.containers.find(({ name }) => name === TRAINER_CONTAINER);
  const limit = trainer?.resources?.limits?.['memory'];
  const { text } = EXIT_POLICY.outOfMemory;
  if (limit === undefined) return text;
  return `${text}, which is ${limit}: raise resources.limits.memory of its container, or lower patches.batch, patches.blockShards or patches.cacheBytes`;
}

const CLASS_OF_CODE: ReadonlyMap<number, ExitClass> = new Map([
  [0, 'completed'],
  [64, 'input'],
  [74, 'storage'],
  [128 + SIGTERM, 'stopped'],
  [128 + SIGKILL, 'killed'],
]);

function classOf(pod: V1Pod): ExitClass {
  const terminated = trainerEnd(pod);
  if (terminated?.reason === 'OOMKilled') return 'outOfMemory';
  if (isDisrupted(pod)) return 'disrupted';
  // Nobody knows how the role's own container ended; that the pod is called Succeeded is no word of its own.
  if (terminated === undefined) return pod.status?.phase === 'Succeeded' ? 'completed' : 'crashed';
  return CLASS_OF_CODE.get(terminated.exitCode) ?? 'crashed';
}
