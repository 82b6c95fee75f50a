/**
 * Update rules over a slice of the flat parameter vector. Every rule is elementwise: element i of the result depends
 * on element i of the inputs alone, so cutting the vector over any number of servers gives the same bytes. Arithmetic
 * is float64 per element, storage (parameters and state) is float32.
 */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { averageShare, moveAverage } from './average.ts';
import { decayMask, type DecayRange } from './decay.ts';

export type OptimizerSpec =
  | { readonly name: 'sgd'; readonly momentum: number; readonly weightDecay: number }
  | {
      readonly name: 'adamw';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** The optimizer of a job and what goes with it on the servers. */
export type UpdateSpec = OptimizerSpec & {
  /** See `average.ts`; absent: no average is kept. */
  readonly averageDecay?: number;
};

/** Elements `start` to before `end` learn at `factor` times the rate; 0: they stay as they are. */
export interface RateRange {
  readonly start: number;
  readonly end: number;
  readonly factor: number;
}

export type OptimizerState = Readonly<Record<string, Float32Array>>;

export interface Optimizer {
  /**
   * Updates `parameters` in place, and the state.
   * @param gradient of the loss, `[length]`
   * @param step how many updates were applied before this one: 0 for the first
   * @throws WsiError `Internal` when a length does not fit
   */
  apply(parameters: Float32Array, gradient: Float32Array, learningRate: number, step: number): void;
  /** The ranges of the slice whose parameters learn. */
  readonly learning: readonly DecayRange[];
  /** The live state by name, each `[length]`; empty for plain SGD. */
  state(): OptimizerState;
  /**
   * Copies a saved state in.
   * @throws WsiError `CheckpointInvalid` when names or lengths are not those of this optimizer
   */
  restore(state: OptimizerState): void;
}

/**
 * @param length of the slice
 * @param decays where weight decay applies: one byte an element, or ranges relative to the slice
 * @param rates ranges relative to the slice, ascending; the factor is 1 elsewhere
 */
export function createOptimizer(
  spec: UpdateSpec,
  length: number,
  decays: Uint8Array | readonly DecayRange[],
  rates: readonly RateRange[] = [],
): Optimizer {
  const mask = decays instanceof Uint8Array ? decays : decayMask(decays, length);
  if (mask.length !== length)
    throw new WsiError('Internal', publicText`A decay mask of ${mask.length} for ${length} numbers.`);
  const { rule, slots: ruleSlots } = ruleOf(spec, length, mask);
  const average = spec.averageDecay === undefined ? undefined : new Float32Array(length);
  const slots = average === undefined ? ruleSlots : { ...ruleSlots, average };
  const ranges = wholeRanges(rates, length);
  return {
    apply: (parameters, gradient, learningRate, step) => {
      if (parameters.length !== length || gradient.length !== length) {
        throw new WsiError(
          'Internal',
          publicText`The optimizer holds ${length} numbers but was given ${parameters.length} parameters and ${gradient.length} gradients.`,
        );
      }
      if (average !== undefined && step === 0) average.set(parameters);
      for (const { start, end, factor } of ranges) {
        if (factor === 0) continue;
        rule({ parameters, gradient, start, end }, learningRate * factor, step);
      }
      if (average !== undefined) moveAverage(average, parameters, averageShare(spec.averageDecay!, step));
    },
    learning: ranges.filter(({ factor }) => factor !== 0),
    state: () => slots,
    restore: (state) => restoreSlots(slots, state, spec.name),
  };
}

function ruleOf(spec: UpdateSpec, length: number, mask: Uint8Array): UpdateRule {
  switch (spec.name) {
    case 'sgd':
      return sgd(spec, length, mask);
    case 'adamw':
      return adamw(spec, length, mask);
  }
}

/** All of [0, length), with the factor 1 where `rates` has none. */
function wholeRanges(rates: readonly RateRange[], length: number): RateRange[] {
  const ranges: RateRange[] = [];
  let next = 0;
  for (const range of rates) {
    if (range.start > next) ranges.push({ start: next, end: range.start, factor: 1 });
    ranges.push(range);
    next = range.end;
  }
  return next < length ? [...ranges, { start: next, end: length, factor: 1 }] : ranges;
}

/** What a rule changes: elements `start` to before `end`. */
interface UpdatedPart {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  readonly start: number;
  readonly end: number;
}

interface UpdateRule {
  readonly rule: (part: UpdatedPart, learningRate: number, step: number) => void;
  readonly slots: OptimizerState;
}

/**
 * Stochastic gradient descent as PyTorch defines it: decay is added to the gradient, b = momentum b + g (so the first
 * b is g), p -= learningRate b. With another learning rate the velocity is not rescaled, unlike Sutskever et al.
 */
function sgd(spec: Extract<OptimizerSpec, { name: 'sgd' }>, length: number, mask: Uint8Array): UpdateRule {
  const { momentum, weightDecay } = spec;
  if (momentum === 0) {
    return {
      slots: {},
      rule: ({ parameters, gradient, start, end }, learningRate) => {
        for (let index = start; index < end; index++) {
          const value = parameters[index]!;
          parameters[index] = value - learningRate * (gradient[index]! + weightDecay * mask[index]! * value);
        }
      },
    };
  }
  const velocity = new Float32Array(length);
  return {
    slots: { momentum: velocity },
    rule: ({ parameters, gradient, start, end }, learningRate) => {
      for (let index = start; index < end; index++) {
        const value = parameters[index]!;
        const decayed = gradient[index]! + weightDecay * mask[index]! * value;
        velocity[index] = momentum * velocity[index]! + decayed;
        // From the stored float32, so that a restored run continues with the same bits.
        parameters[index] = value - learningRate * velocity[index]!;
      }
    },
  };
}

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019), scaled by the learning rate as in PyTorch. */
function adamw(
  spec: Extract<OptimizerSpec, { name: 'adamw' }>,
  length: number,
  mask: Uint8Array,
): UpdateRule {
  const { beta1, beta2, epsilon, weightDecay } = spec;
  const firstMoment = new Float32Array(length);
  const secondMoment = new Float32Array(length);
  return {
    slots: { firstMoment, secondMoment },
    rule: ({ parameters, gradient, start, end }, learningRate, step) => {
      const firstCorrection = 1 - Math.pow(beta1, step + 1);
      const secondCorrection = Math.sqrt(1 - Math.pow(beta2, step + 1));
      const decay = learningRate * weightDecay;
      for (let index = start; index < end; index++) {
        const slope = gradient[index]!;
        firstMoment[index] = beta1 * firstMoment[index]! + (1 - beta1) * slope;
        secondMoment[index] = beta2 * secondMoment[index]! + (1 - beta2) * slope * slope;
        const scale = Math.sqrt(secondMoment[index]!) / secondCorrection + epsilon;
        const decayed = parameters[index]! * (1 - decay * mask[index]!);
        parameters[index] = decayed - ((learningRate / firstCorrection) * firstMoment[index]!) / scale;
      }
    },
  };
}

function restoreSlots(slots: OptimizerState, state: OptimizerState, optimizer: string): void {
  const expected = Object.keys(slots).sort().join(', ');
  const found = Object.keys(state).sort().join(', ');
  if (expected !== found) {
    throw new WsiError(
      'CheckpointInvalid',
      `The optimizer ${optimizer} needs the state {${expected}}, the checkpoint holds {${found}}.`,
      { remedy: publicText`Resume with the optimizer that the checkpoint was written with.` },
    );
  }
  for (const [name, slot] of Object.entries(slots)) {
    const saved = state[name];
    if (saved?.length !== slot.length) {
      throw new WsiError(
        'CheckpointInvalid',
        `The optimizer state ${name} has ${saved?.length ?? 0} numbers, not ${slot.length}.`,
      );
    }
  }
  for (const [name, slot] of Object.entries(slots)) slot.set(state[name]!);
}
