/** What a pod's end means: one table, read from top to bottom. */
import type { V1Pod } from '../kubernetes-types.ts';
import type { ExitClass } from '@wsi/api';
import { TRAINER_CONTAINER } from './names.ts';
import { terminationOf } from './snapshot.ts';

export type { ExitClass };

export interface PodEnd {
  readonly exitClass: ExitClass;
  readonly exitCode: number | undefined;
  /** One line for people: what happened, with the process' own last words. */
  readonly message: string;
}

const SIGKILL = 9;
const SIGTERM = 15;

/** Reasons in the pod's status: moved away, or turned away by the kubelet of the node that the scheduler had chosen. */
const DISRUPTIONS =
  /^(Evicted|Preempting|Preempted|NodeLost|NodeShutdown|NodeAffinity|Terminated|Shutdown|OutOf.+|UnexpectedAdmissionError|TopologyAffinityError)$/;

/** What each class does: whether the job goes on, and whether the end counts towards runPolicy.backoffLimit. */
export const EXIT_POLICY: Record<
  ExitClass,
  { readonly restart: boolean; readonly counts: boolean; readonly text: string }
> = {
  completed: { restart: true, counts: true, text: 'ended before the run did' },
  input: { restart: false, counts: true, text: 'refused its input' },
  storage: { restart: true, counts: true, text: 'could not write' },
  stopped: { restart: true, counts: false, text: 'was asked to stop from outside' },
  disrupted: { restart: true, counts: false, text: 'was evicted or preempted' },
  outOfMemory: { restart: true, counts: true, text: 'was killed for using more memory than it may' },
  killed: { restart: true, counts: true, text: 'was killed with SIGKILL' },
  crashed: { restart: true, counts: true, text: 'crashed' },
};

export function endOf(pod: V1Pod): PodEnd {
  const terminated = terminationOf(pod);
  const exitClass = classOf(pod);
  const exitCode = terminated?.exitCode;
  const words = lastWords(terminated?.message ?? pod.status?.message ?? '');
  const text = exitClass === 'outOfMemory' ? outOfMemoryText(pod) : EXIT_POLICY[exitClass].text;
  const code = exitCode === undefined || exitCode === 0 ? '' : ` (exit code ${exitCode})`;
  // The log of a process that was killed ends anywhere: what it said last has nothing to do with it.
  const silent = words === '' || exitClass === 'killed' || exitClass === 'outOfMemory';
  const message = `${text}${code}${silent ? '' : `: ${words}`}`;
  return { exitClass, exitCode, message };
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
  const terminated = terminationOf(pod);
  if (terminated?.reason === 'OOMKilled') return 'outOfMemory';
  if (isDisrupted(pod)) return 'disrupted';
  // A pod without a container's end, and not evicted: the phase is all there is.
  if (terminated === undefined) return pod.status?.phase === 'Succeeded' ? 'completed' : 'crashed';
  return CLASS_OF_CODE.get(terminated.exitCode) ?? 'crashed';
}

function isDisrupted(pod: V1Pod): boolean {
  const conditions = pod.status?.conditions ?? [];
  const target = conditions.some((entry) => entry.type === 'DisruptionTarget' && entry.status === 'True');
  const lost = pod.status?.phase === 'Unknown';
  return target || lost || DISRUPTIONS.test(pod.status?.reason ?? '');
}

/** What the roles write begins with one of our error codes; such a message is kept whole. */
const OWN_MESSAGE = /^[A-Z][A-Za-z]+: (?!\s*$)/;
const LONGEST_WORDS = 4000;

/**
 * What the process itself says of its end: its termination message or, without one, what the tail of its log holds.
 * There an error stands before its stack, or in a structured line of level error or fatal; other lines say nothing.
 */
export function lastWords(text: string): string {
  if (OWN_MESSAGE.test(text) && !/^\w*Error: /.test(text)) {
    return text.replace(OWN_MESSAGE, '').trim().slice(0, LONGEST_WORDS);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const plain = lines.filter((line) => !line.startsWith('{'));
  const spoken =
    plain.findLast((line) => /^\s*(Uncaught )?\w*Error\b/.test(line)) ??
    lines.map(structuredError).findLast((words) => words !== undefined) ??
    plain.at(-1) ??
    '';
  return spoken.trim().slice(0, 1000);
}

function structuredError(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as { level?: string; message?: string; error?: { message?: string } };
    if (entry.level !== 'error' && entry.level !== 'fatal') return undefined;
    return entry.error?.message ?? entry.message;
  } catch {
    // Cut off at the start of the tail.
    return undefined;
  }
}
