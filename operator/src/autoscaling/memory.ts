/**
 * Memory: what each role asks for now and what was measured of it; and which pods are to get what was raised.
 *
 * A raise counts for every pod that is made from then on. Of those that run, a worker is replaced, one at a time, when
 * its own peak has come near its own limit: that costs a block of work, and the kill that it forestalls costs a block
 * and a wait. A server or the coordinator is not: to replace it costs what the kill would cost, a roll-back, and the
 * kill may not come.
 */
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import { parseQuantity } from '@wsi-operator/api';
import type { MemoryDecision, MemorySample, MemoryShape, MemoryState } from '@wsi-operator/autoscaler';
import type { V1Pod } from '../kubernetes-types.ts';
import { podName, ROLES, TRAINER_CONTAINER, type Role } from '../job/names.ts';
import type { ObservedSlot } from '../job/snapshot.ts';
import type { Measured } from './measured.ts';
import type { Made } from './record.ts';
import { MEMORY_FIELDS, memoryOf, templateMemory } from './sized-job.ts';

type ByRole<Value> = Partial<Record<Role, Value>>;

/** A peak so near to the limit may be over it with the next slide. */
const NEAR = 0.9;

/**
 * @param job at its present size
 * @param killed roles of which a process was killed for memory at the present limit
 */
export function memoryStates(
  job: WsiTrainingJob,
  measured: Measured | undefined,
  killed: ReadonlySet<Role>,
  parameterBytes = measured?.workload.parameterBytes,
): Readonly<Record<string, MemoryState>> {
  const states: ByRole<MemoryState> = {};
  for (const role of ROLES) {
    const asked = templateMemory(job, role);
    if (asked === undefined) continue;
    const known = measured?.memory[role];
    const remainingSeconds = secondsLeft(measured);
    states[role] = {
      ...asked,
      ...(known === undefined ? {} : { peakBytes: known.peakBytes, peaks: known.peaks }),
      ...(remainingSeconds === undefined ? {} : { remainingSeconds }),
      ...(parameterBytes === undefined ? {} : { shape: shapeOfMemory(job, role, parameterBytes) }),
      kills: killed.has(role) ? 1 : 0,
    };
  }
  return states;
}

/** What a model of memory is fitted to. */
export function memorySamples(
  job: WsiTrainingJob,
  { memory, workload }: Measured,
): Readonly<Record<string, readonly MemorySample[]>> {
  const samples = ROLES.flatMap((role) => {
    const known = memory[role];
    if (known === undefined) return [];
    const shape = shapeOfMemory(job, role, workload.parameterBytes);
    return [[role, [{ ...shape, peakBytes: known.peakBytes }]] as const];
  });
  return Object.fromEntries(samples);
}

function shapeOfMemory(job: WsiTrainingJob, role: Role, parameterBytes: number): MemoryShape {
  const { size, batch, cacheBytes } = job.spec.patches;
  return {
    patchSize: size,
    batch,
    parameterBytes,
    cacheBytes: role === 'worker' ? parseQuantity(cacheBytes) : 0,
  };
}

function secondsLeft(measured: Measured | undefined): number | undefined {
  const last = measured?.observations.at(-1);
  if (measured === undefined || last === undefined) return undefined;
  return (measured.remainingTiles * last.seconds) / last.tiles;
}

/** @param slots whose pods were killed for memory; of one that had less than is given now, nothing is learned */
export function killedRoles(job: WsiTrainingJob, slots: readonly ObservedSlot[]): ReadonlySet<Role> {
  return new Set(
    slots.flatMap((slot) => {
      const { role } = slot;
      const [had, given] = [ceilingOf(slot.pod ?? slot.gone), ceiling(templateMemory(job, role))];
      return had === undefined || given === undefined || had >= given ? [role] : [];
    }),
  );
}

export interface Raise {
  readonly memory: NonNullable<AutoscalingStatus['memory']>;
  readonly made: readonly Made[];
}

export function raised(
  before: AutoscalingStatus['memory'],
  decisions: Readonly<Record<string, MemoryDecision>>,
  reasons: readonly string[],
): Raise {
  const memory: Record<string, MemoryDecision> = { ...before };
  const made = ROLES.flatMap((role): Made[] => {
    const decision = decisions[role];
    if (decision === undefined) return [];
    const field = MEMORY_FIELDS[role];
    const from = before?.[field]?.requestBytes;
    memory[field] = whole(decision);
    const reason = reasons.find((text) => text.startsWith(`${role} `)) ?? `${role} memory`;
    const to = memory[field].requestBytes;
    return [{ what: 'memory', to, reason, ...(from === undefined ? {} : { from }) }];
  });
  return { memory, made };
}

function whole({ requestBytes, limitBytes }: MemoryDecision): MemoryDecision {
  const request = Math.ceil(requestBytes);
  return limitBytes === undefined
    ? { requestBytes: request }
    : { requestBytes: request, limitBytes: Math.ceil(limitBytes) };
}

/** A worker whose peak has come near its limit, where a pod made now would have a higher one. */
export function endangered(
  job: WsiTrainingJob,
  slots: readonly ObservedSlot[],
  measured: Measured,
): (Made & { readonly slot: ObservedSlot }) | undefined {
  // One at a time: the others go on meanwhile.
  if (slots.some(({ state }) => state !== 'running')) return undefined;
  const given = templateMemory(job, 'worker')?.limitBytes;
  if (given === undefined) return undefined;
  const near = measured.workers.flatMap(({ replica, peakResidentBytes }) => {
    const slot = slots.find(({ name }) => name === podName(job, { role: 'worker', index: replica }));
    const own = memoryOf(trainerOf(slot?.pod))?.limitBytes;
    if (slot === undefined || own === undefined || own >= given) return [];
    return peakResidentBytes >= NEAR * own ? [{ slot, share: peakResidentBytes / own }] : [];
  });
  const [first] = near.sort((a, b) => b.share - a.share);
  if (first === undefined) return undefined;
  const { slot, share } = first;
  const reason = `${slot.name} is restarted with more memory: its peak is ${Math.round(share * 100)}% of its limit`;
  return { what: 'replacement', reason, pod: slot.name, slot };
}

function ceilingOf(pod: V1Pod | undefined): number | undefined {
  return ceiling(memoryOf(trainerOf(pod)));
}

function ceiling(memory: ReturnType<typeof memoryOf>): number | undefined {
  return memory?.limitBytes ?? memory?.requestBytes;
}

function trainerOf(pod: V1Pod | undefined): { readonly resources?: never } | undefined {
  const trainer = pod?.spec?.containers.find(({ name }) => name === TRAINER_CONTAINER);
  return trainer as { readonly resources?: never } | undefined;
}
