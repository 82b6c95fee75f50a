/**
 * No raise of memory without a way back. A size that no pod has run with yet may be more than a LimitRange, a quota or any
 * node allows. So
 * - a raise that is refused, or finds no node, goes back to the size that was accepted last (at first the template's), and
 *   is asked for again after a while, which doubles with each time in a row;
 * - a healthy worker is replaced for a larger size only when a pod runs with it: where none does, one worker more is made
 *   as a trial, and removed again.
 */
import type { AutoscalingStatus } from '@wsi-operator/api';
import type { MemoryDecision } from '@wsi-operator/autoscaler';
import type { PlanEvent } from '../job/actions.ts';
import { podName, ROLES, TRAINER_CONTAINER, type Role, type Slot } from '../job/names.ts';
import type { ObservedSlot } from '../job/snapshot.ts';
import { askAgainAt } from './ask-again.ts';
import { iso, moment, recorded, type Made } from './record.ts';
import { noPlaceSince } from './room.ts';
import { MEMORY_FIELDS, memoryOf, templateMemory, type TemplateMemory } from './sized-job.ts';
import type { AutoscalingInput } from './input.ts';

export interface Proof {
  readonly autoscaling: AutoscalingStatus;
  readonly events: readonly PlanEvent[];
  /** Moments at which a trial or a patience ends (milliseconds since the epoch). */
  readonly due: readonly number[];
}

type Size = NonNullable<NonNullable<AutoscalingStatus['memory']>['workers']>;
type Field = (typeof MEMORY_FIELDS)[Role];
type Trial = NonNullable<AutoscalingStatus['trial']>;
export type ProofInput = Pick<AutoscalingInput, 'job' | 'sized' | 'snapshot' | 'observed' | 'now'>;

const PATIENCE_MILLISECONDS = 5 * 60_000;
const TRIAL_MILLISECONDS = 10 * 60_000;

/** The slot of the worker that is made as a trial: the next number. */
export function trialSlot(slots: readonly ObservedSlot[]): Slot {
  return { role: 'worker', index: slots.filter(({ role }) => role === 'worker').length };
}

/** What has been shown of the sizes that stand, and what follows from it. */
export function proveMemory(input: ProofInput, standing: AutoscalingStatus): Proof {
  let next: Proof = { autoscaling: standing, events: [], due: [] };
  for (const role of ROLES) next = proveRole(input, role, next);
  return proveTrial(input, next);
}

/** Every raise that no pod has run with yet, for a job whose queue can never admit what it asks for. */
export function proveMemoryInQueue({ job, sized, now }: ProofInput, words: string, before: Proof): Proof {
  return ROLES.reduce((next, role) => {
    const raise = next.autoscaling.memory?.[MEMORY_FIELDS[role]];
    const given = templateMemory(sized, role);
    const own = templateMemory(job, role);
    if (raise === undefined || given === undefined || own === undefined || covers(own, raise)) return next;
    return isAccepted(next.autoscaling, role, given) ? next : takeBack({ role, raise, words, now }, next);
  }, before);
}

/** True when a pod has run with what a pod of this role would have now. */
export function isAccepted(
  { memoryAccepted }: AutoscalingStatus,
  role: Role,
  given: TemplateMemory,
): boolean {
  return covers(memoryAccepted?.[MEMORY_FIELDS[role]], given);
}

/** Without those that were refused a short while ago. */
export function withoutRefused(
  { memoryRefused }: AutoscalingStatus,
  decisions: Readonly<Record<string, MemoryDecision>>,
  now: number,
): Readonly<Record<string, MemoryDecision>> {
  const allowed = Object.entries(decisions).filter(([role, decision]) => {
    const refused = memoryRefused?.[MEMORY_FIELDS[role as Role]];
    return refused === undefined || now >= moment(refused.until) || !covers(decision, refused);
  });
  return Object.fromEntries(allowed);
}

function proveRole(input: ProofInput, role: Role, before: Proof): Proof {
  const { job, sized, snapshot, now } = input;
  const field = MEMORY_FIELDS[role];
  const { autoscaling } = before;
  const raise = autoscaling.memory?.[field];
  const given = templateMemory(sized, role);
  const own = templateMemory(job, role);
  const trying = role === 'worker' && autoscaling.trial !== undefined;
  if (given === undefined || own === undefined || (raise === undefined && !trying)) return before;
  if (isAccepted(autoscaling, role, given)) return before;
  const slots = [...snapshot.slots, ...snapshot.surplus].filter(
    (slot) => slot.role === role && covers(sizeOf(slot), given),
  );
  if (slots.some(({ state }) => state === 'running')) return accept(field, given, before);
  if (raise === undefined || covers(own, raise)) return before;
  const waiting = slots.flatMap((slot) => noPlaceSince(slot, now) ?? []);
  const stuck = waiting.some((since) => now - since >= PATIENCE_MILLISECONDS);
  const words = refusalOf(input, role) ?? (stuck ? 'no node has had room for it for 5 minutes' : undefined);
  const due = waiting.map((since) => since + PATIENCE_MILLISECONDS).filter((time) => time > now);
  if (words === undefined) return { ...before, due: [...before.due, ...due] };
  return takeBack({ role, raise, words, now }, before);
}

function accept(field: Field, { requestBytes = 0, limitBytes }: TemplateMemory, before: Proof): Proof {
  const { autoscaling } = before;
  const size: Size = { requestBytes, ...(limitBytes === undefined ? {} : { limitBytes }) };
  const { [field]: _refused, ...refused } = autoscaling.memoryRefused ?? {};
  const accepted = { ...autoscaling.memoryAccepted, [field]: size };
  return { ...before, autoscaling: { ...autoscaling, memoryAccepted: accepted, memoryRefused: refused } };
}

/** In the words of the API server: of a size, whatever it is that limits it. */
function refusalOf({ observed }: ProofInput, role: Role): string | undefined {
  const pods = new RegExp(`pod \\S*-${role}-\\d+$`, 'i');
  return observed.refusals.find(({ what, message }) => pods.test(what) && /memory/i.test(message))?.message;
}

interface Refused {
  readonly role: Role;
  readonly raise: Size;
  readonly words: string;
  readonly now: number;
}

function takeBack({ role, raise, words, now }: Refused, before: Proof): Proof {
  const field = MEMORY_FIELDS[role];
  const { autoscaling } = before;
  const accepted = autoscaling.memoryAccepted?.[field];
  const tries = (autoscaling.memoryRefused?.[field]?.tries ?? 0) + 1;
  const until = askAgainAt(tries, now);
  const { [field]: _raise, ...others } = autoscaling.memory ?? {};
  const { trial, ...rest } = autoscaling;
  const back = accepted === undefined ? "the template's" : mebibytes(accepted);
  const reason = `${role} memory back to ${back}: ${mebibytes(raise)} is not accepted (${words}); it is asked for again after ${until}`;
  const made: Made = { what: 'memory', from: raise.requestBytes, to: accepted?.requestBytes ?? 0, reason };
  const next: AutoscalingStatus = {
    ...rest,
    // A trial of the workers' size has had its answer.
    ...(trial === undefined || role === 'worker' ? {} : { trial }),
    memory: accepted === undefined ? others : { ...others, [field]: accepted },
    memoryRefused: { ...autoscaling.memoryRefused, [field]: { ...raise, until, tries } },
  };
  const { autoscaling: decided } = recorded(next, [made], now);
  const event: PlanEvent = { type: 'Warning', reason: 'MemoryRefused', message: reason.slice(0, 1024) };
  return { autoscaling: decided, events: [...before.events, event], due: [...before.due, now] };
}

/** A trial ends when its pod runs (the worker is replaced then), and when it does not come to run. */
function proveTrial({ sized, snapshot, now }: ProofInput, before: Proof): Proof {
  const { trial, ...rest } = before.autoscaling;
  if (trial === undefined) return before;
  const given = templateMemory(sized, 'worker');
  const target = snapshot.slots.find(({ name }) => name === trial.pod);
  if (given === undefined || target?.pod?.metadata?.uid !== trial.uid) {
    return { ...before, autoscaling: rest };
  }
  if (isAccepted(before.autoscaling, 'worker', given)) return replaced(trial, rest, before, now);
  const name = podName(sized, trialSlot(snapshot.slots));
  const tried = snapshot.surplus.find((slot) => slot.name === name);
  const end = moment(trial.since) + TRIAL_MILLISECONDS;
  if (tried?.state !== 'ended' && now < end) return { ...before, due: [...before.due, end] };
  return { ...before, autoscaling: { ...rest, trialNotBefore: iso(now + 3 * TRIAL_MILLISECONDS) } };
}

function replaced({ pod, uid }: Trial, rest: AutoscalingStatus, before: Proof, now: number): Proof {
  const leaving = { pod, uid, time: iso(now) };
  const next = { ...rest, replaced: [...(rest.replaced ?? []), leaving].slice(-64) };
  const reason = `${pod} is restarted with more memory: its peak is near its limit, and the larger size is accepted`;
  const { autoscaling, events } = recorded(next, [{ what: 'replacement', reason, pod }], now);
  return { autoscaling, events: [...before.events, ...events], due: [...before.due, now] };
}

function sizeOf({ pod }: ObservedSlot): TemplateMemory | undefined {
  const trainer = pod?.spec?.containers.find(({ name }) => name === TRAINER_CONTAINER);
  return memoryOf(trainer);
}

function covers(
  size: Partial<Size> | TemplateMemory | undefined,
  least: Partial<Size> | TemplateMemory,
): boolean {
  if (size === undefined) return false;
  const limit = size.limitBytes ?? Infinity;
  return (size.requestBytes ?? 0) >= (least.requestBytes ?? 0) && limit >= (least.limitBytes ?? 0);
}

function mebibytes({ requestBytes }: Size): string {
  return `${Math.round(requestBytes / 2 ** 20)} MiB`;
}
