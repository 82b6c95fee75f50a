/** What to do next, given the observed state of a job (pure). */
import { findCondition, managerOf, OPERATOR_NAME } from '@wsi-operator/api';
import { isOver } from './job-table.ts';
import { podState } from './pod-state.ts';
import { outputClaim } from './storage.ts';
import { byPlace, shortName, type ClusterEvent, type Pod, type StoredJob } from './wire.ts';

export interface AdviceInput {
  readonly job: StoredJob;
  readonly pods: readonly Pod[];
  readonly events: readonly ClusterEvent[];
  /** `wsi` or `kubectl wsi`. */
  readonly program: string;
  /** Options that every command needs, such as `-n lab`; empty or with a leading space. */
  readonly where: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A running operator reconciles a new job within a second or two. */
const UNSEEN_MILLISECONDS = 15_000;
export function nextSteps(input: AdviceInput): string[] {
  const { job } = input;
  if (isUnseen(job, input.now)) return [noOperator()];
  const phase = job.status?.phase;
  if (phase === 'Succeeded') return succeededSteps(input);
  if (phase === 'Failed') return [...failedSteps(input)];
  if (phase === 'Suspended') return [`Continue from the checkpoint: ${command(input, 'resume')}`];
  const steps = [...conditionSteps(input), ...podSteps(input)];
  if (steps.length > 0) return steps;
  return [`Watch it: ${command(input, 'status')} --watch`, `Read the logs: ${command(input, 'logs')} -f`];
}

/** No operator has written a status although it had time to; who else may manage the job is not known here. */
export function isUnseen(job: StoredJob, now: number): boolean {
  if (managerOf(job.spec) !== OPERATOR_NAME) return false;
  const created = Date.parse(job.metadata.creationTimestamp ?? '');
  return (job.status?.conditions ?? []).length === 0 && now - created > UNSEEN_MILLISECONDS;
}

export function noOperator(): string {
  return (
    'No operator has reconciled this job. Is one installed, and does it watch this namespace? ' +
    'kubectl get pods -A -l app.kubernetes.io/name=wsi-operator'
  );
}

function command({ job, program, where }: AdviceInput, verb: string): string {
  return `${program} ${verb} ${job.metadata.name}${where}`;
}

function succeededSteps({ job }: AdviceInput): string[] {
  const claim = outputClaim(job);
  if (claim === undefined) return ['The results are where the coordinator’s volume "output" is.'];
  return [`The report and the model are in the PersistentVolumeClaim ${claim.name}.`];
}

function failedSteps(input: AdviceInput): string[] {
  const reason = findCondition(input.job.status?.conditions, 'Failed')?.reason;
  const again = `then submit it again: ${input.program} submit FILE --replace${input.where}`;
  const outOfMemory = input.job.status?.failures?.some((end) => end.reason === 'outOfMemory');
  switch (reason) {
    case 'InputInvalid':
      return [`Correct what the message of the condition Failed names, ${again}`];
    case 'DeadlineExceeded':
      return [`Raise runPolicy.activeDeadlineSeconds or give more workers, ${again}`];
    case 'BackoffLimitExceeded':
      if (outOfMemory === true) return [`${MORE_MEMORY}, ${again}`];
      break;
    default:
  }
  return [
    `See what the pods said: ${command(input, 'logs')} --tail 50`,
    `Once the cause is fixed, submit it again: ${input.program} submit FILE --replace${input.where}`,
  ];
}

const MORE_MEMORY =
  'Raise the memory limit in the template of the role, or lower patches.batch, patches.blockShards or patches.cacheBytes';

function conditionSteps(input: AdviceInput): string[] {
  const running = findCondition(input.job.status?.conditions, 'Running');
  if (running?.status !== 'False') return [];
  switch (running.reason) {
    case 'QueuePending':
      return [`It waits for its turn in the queue: ${running.message}`];
    case 'GangUnavailable':
      return [`Install what spec.runPolicy.gang names, or choose another: ${running.message}`];
    case 'NotAllowed':
      return [`Change the job, or ask the administrator to allow it (docs/isolation.md): ${running.message}`];
    case 'OutOfMemory':
      return [`${MORE_MEMORY}.`];
    default:
      return [];
  }
}

/** One piece of advice for each kind of trouble, naming the pods that have it. */
function podSteps({ job, pods, events }: AdviceInput): string[] {
  if (isOver(job)) return [];
  const advice = new Map<string, string[]>();
  const note = (text: string | undefined, pod: Pod): void => {
    if (text !== undefined) advice.set(text, [...(advice.get(text) ?? []), shortName(pod)]);
  };
  for (const pod of [...pods].sort(byPlace)) {
    note(podAdvice(pod), pod);
    const own = events.filter(({ involvedObject }) => involvedObject?.name === pod.metadata.name);
    if (pod.status?.phase === 'Pending') note(own.map(mountAdvice).find(Boolean), pod);
  }
  return [...advice].map(([text, names]) => `${listed(names)}: ${text}`);
}

function podAdvice(pod: Pod): string | undefined {
  const { state, why } = podState(pod);
  const kind = state.replace(/^Init:/, '');
  if (kind === 'Unschedulable') return schedulingAdvice(why);
  if (/^(ErrImage|ImagePull|InvalidImageName|ErrImageNeverPull)/.test(kind)) {
    return 'the image cannot be pulled: check its name, and spec.imagePullSecrets of the template (or the secrets of the operator’s chart).';
  }
  if (kind === 'CreateContainerConfigError') {
    return `a Secret or ConfigMap that the container needs is missing${why === '' ? '' : ` (${why})`}.`;
  }
  if (kind === 'OutOfMemory') return `${MORE_MEMORY}.`;
  if (kind === 'Evicted')
    return 'the node ran short of something; the operator starts the pod again elsewhere.';
  return undefined;
}

function schedulingAdvice(why: string): string {
  const resource = /Insufficient ([\w.\-/]*\w)/.exec(why)?.[1];
  if (/persistentvolumeclaim|PersistentVolumeClaim/.test(why)) {
    return 'a PersistentVolumeClaim is missing or not bound: kubectl get pvc, and the claims of spec.storage.';
  }
  if (resource !== undefined) {
    return `no node has enough ${resource} free: ask for less, wait, or add nodes (kubectl describe nodes shows what is in use).`;
  }
  if (/taint/.test(why)) return 'every node is tainted: give the template a toleration.';
  if (/affinity|selector/.test(why)) {
    return 'no node has the labels that the template’s nodeSelector or affinity asks for.';
  }
  return 'the scheduler finds no node for it; its message is above.';
}

function mountAdvice({ reason, message = '' }: ClusterEvent): string | undefined {
  if (reason !== 'FailedMount' && reason !== 'FailedAttachVolume') return undefined;
  return `a volume cannot be mounted (${message.split('\n')[0]?.slice(0, 200) ?? ''}).`;
}

function listed(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}
