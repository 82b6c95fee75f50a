/**
 * The steps of an epoch for Cox's partial likelihood, where a step is the risk set. An event counts only against somebody who
 * was still at risk: in a step without such a pair the gradient is exactly zero, whatever the embeddings are. Bags in random order
 * make many such steps (of 4 bags with a third of events, every third). Here
 *
 *   - every bag is in exactly one step of an epoch, and steps differ by at most one bag unless steps were joined;
 *   - there are no more steps than events that can be compared with anybody, so that each can have one: with few events,
 *     steps are larger than `slidesPerStep`, never without a gradient;
 *   - the latest censored bags are dealt to the steps, one to each: what is earlier than its step's is comparable;
 *   - events are dealt evenly, the latest first, each to a step where it is comparable if there is one;
 *   - a step that is left without a comparable event joins the smallest other one, so that no bag is lost.
 *
 * Which bag meets which is drawn from the stream (seed, `epoch/E/order`). Of equal times, the censored one is later (it was seen
 * to be at risk at that time), and two events at one time are not comparable with each other. Bags of one patient never are.
 */
import { publicText, type RandomStream, WsiError } from '@wsi-operator/foundation';
import type { BagOutcome } from '../heads/index.ts';

export type SurvivalBag = Extract<BagOutcome, { type: 'survival' }>;

export interface WeighedStep {
  /** Indices into the training bags. */
  readonly bags: readonly number[];
  /** See {@link eventScales}. */
  readonly gradientScale: number;
}

/**
 * @param stream of the epoch's order
 * @throws WsiError `InvalidCohort` when no event can be compared with anybody: every gradient would be zero
 */
export function planSurvivalEpoch(
  bags: readonly SurvivalBag[],
  slidesPerStep: number,
  stream: RandomStream,
): WeighedStep[] {
  const comparable = comparedEvents(bags, [...bags.keys()]).length;
  if (comparable === 0) throw nothingToCompare();
  const count = Math.min(Math.ceil(bags.length / slidesPerStep), comparable);
  const steps = joined(dealt(bags, count, stream), bags);
  const scales = eventScales(steps, bags);
  return steps.map((of, step) => ({ bags: of, gradientScale: scales[step]! }));
}

/** Those of `step` that are events with somebody later in it. */
export function comparedEvents(bags: readonly SurvivalBag[], step: readonly number[]): number[] {
  let latest: SurvivalBag | undefined;
  for (const index of step) {
    const bag = bags[index]!;
    if (latest === undefined || order(bag, latest) < 0) latest = bag;
  }
  return step.filter((index) => bags[index]!.event && order(latest!, bags[index]!) < 0);
}

/**
 * The factor of each step's gradient under which every event has the same weight, wherever it lies. The head's loss is the mean
 * over the events of the step, so an event alone in its step would weigh several times as much as one among eight. With
 * E_s the weight of the events of step s (1 each; of a bag that is one of several of its patient, its share), E their sum over
 * the epoch, and S the number of its steps,
 *
 *     factor_s = S E_s / E,    so that    (1/S) sum_s factor_s loss_s = (1/E) sum over the events of their terms.
 */
export function eventScales(steps: readonly (readonly number[])[], bags: readonly SurvivalBag[]): number[] {
  const weightOf = (events: readonly number[]): number =>
    events.reduce((sum, index) => sum + 1 / (bags[index]!.subject?.bags ?? 1), 0);
  const weights = steps.map((step) => weightOf(step.filter((index) => bags[index]!.event)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Of one step the factor is 1, to the bit.
  return weights.map((weight) => (steps.length * weight) / total);
}

/** Negative when `a` is later than `b`, in the order of being at risk. */
function order(a: SurvivalBag, b: SurvivalBag): number {
  return b.time - a.time || Number(a.event) - Number(b.event);
}

/** The bags in `count` steps. */
function dealt(bags: readonly SurvivalBag[], count: number, stream: RandomStream): number[][] {
  // Shuffled before the sort, which is stable: equal times are in random order.
  const shuffled = stream.shuffled([...bags.keys()]);
  const isEvent = (index: number): boolean => bags[index]!.event;
  const events = shuffled.filter(isEvent).sort(latestFirst(bags));
  const censored = shuffled.filter((index) => !isEvent(index));
  const latest = [...censored].sort(latestFirst(bags)).slice(0, count);
  // Without enough censored bags, the latest events are what others are compared with.
  const anchors = [...latest, ...events.splice(0, count - latest.length)];
  const quota = Math.ceil((events.length + (anchors.length - latest.length)) / count);
  const places = stream.shuffled([...Array(count).keys()]);
  const steps = places.map((place) => new DealtStep(bags, roomOf(bags.length, count, place)));
  anchors.forEach((index, place) => steps[place]!.add(index));
  for (const index of events) bestFor(index, steps, { quota, from: stream.integer(count) }).add(index);
  const anchored = new Set(latest);
  const rest = censored.filter((index) => !anchored.has(index));
  for (const step of steps) step.add(...rest.splice(0, step.room));
  // As they were made, the steps with the latest bags would be the epoch's first.
  return stream.shuffled(steps).map(({ members }) => members);
}

function latestFirst(bags: readonly SurvivalBag[]): (a: number, b: number) => number {
  return (a, b) => order(bags[a]!, bags[b]!);
}

/** Bags of the step at `place`: the shares of all steps differ by one at most. */
function roomOf(bags: number, count: number, place: number): number {
  return Math.floor((bags * (place + 1)) / count) - Math.floor((bags * place) / count);
}

class DealtStep {
  readonly members: number[] = [];
  readonly #bags: readonly SurvivalBag[];
  readonly #size: number;
  events = 0;
  #latest: SurvivalBag | undefined;

  constructor(bags: readonly SurvivalBag[], size: number) {
    this.#bags = bags;
    this.#size = size;
  }

  get room(): number {
    return this.#size - this.members.length;
  }

  add(...indices: readonly number[]): void {
    for (const index of indices) {
      const bag = this.#bags[index]!;
      this.members.push(index);
      if (bag.event) this.events += 1;
      if (this.#latest === undefined || order(bag, this.#latest) < 0) this.#latest = bag;
    }
  }

  /** Whether somebody in it is later. */
  compares(index: number): boolean {
    return this.#latest !== undefined && order(this.#latest, this.#bags[index]!) < 0;
  }
}

/**
 * Of the steps with room, one with fewer events than its share, then one where the event is comparable, then the one with the
 * fewest events; of equal ones the first from `from` on.
 */
function bestFor(
  index: number,
  steps: readonly DealtStep[],
  { quota, from }: { readonly quota: number; readonly from: number },
): DealtStep {
  let best: { readonly step: DealtStep; readonly rank: number } | undefined;
  for (let offset = 0; offset < steps.length; offset++) {
    const step = steps[(from + offset) % steps.length]!;
    if (step.room <= 0) continue;
    const full = step.events < quota ? 0 : 2;
    const rank = full + (step.compares(index) ? 0 : 1) + step.events / (step.members.length + 2);
    if (best === undefined || rank < best.rank) best = { step, rank };
  }
  // The rooms of all steps are as many as the bags.
  return best!.step;
}

/** Without steps that have no comparable event: each is added to the smallest of the others. */
function joined(steps: readonly (readonly number[])[], bags: readonly SurvivalBag[]): number[][] {
  const empty = steps.filter((step) => comparedEvents(bags, step).length === 0);
  const kept = steps.filter((step) => !empty.includes(step)).map((step) => [...step]);
  // All are empty only where steps divide the only comparable pairs: then they are one step.
  if (kept.length === 0) return [steps.flat()];
  for (const step of empty) {
    kept.reduce((least, other) => (other.length < least.length ? other : least)).push(...step);
  }
  return kept;
}

function nothingToCompare(): WsiError {
  return new WsiError(
    'InvalidCohort',
    publicText`no training patient with an event has another who was followed for longer`,
    {
      where: 'spec.cohort.table',
      remedy: publicText`Cox's partial likelihood needs such pairs: check the columns of time and event, and the split.`,
    },
  );
}
