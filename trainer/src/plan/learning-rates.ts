/** The factor of the learning rate for each parameter: by part, by depth of the encoder, and 0 where it is frozen. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { encoderStages } from '@wsi-operator/engine';
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { RateRange } from '../optimizer/index.ts';

type Training = Pick<WsiTrainingJobSpec['training'], 'learningRates' | 'freeze'>;

interface PlacedTensor {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Ascending ranges of the flat vector with another factor than 1, neighbours joined. Stage s of S, the one at the tiles being 0,
 * learns at `encoder * layerDecay ** (S - s)` times the rate (Clark et al., ELECTRA, 2020): the last one at `layerDecay`, as far
 * below the aggregator as below one another.
 * @throws WsiError `InvalidArgument` when more stages are to be frozen than the encoder has
 */
export function rateRanges(
  tensors: readonly PlacedTensor[],
  { learningRates, freeze = 0 }: Training,
): RateRange[] {
  const stages = encoderStages(tensors.map(({ name }) => name));
  const count = Math.max(-1, ...stages.values()) + 1;
  if (freeze > count) {
    throw new WsiError('InvalidArgument', publicText`the encoder has ${count} stages, not ${freeze}`, {
      where: 'spec.training.freeze',
      remedy: publicText`Freeze ${count} to train aggregator and head alone, or fewer.`,
    });
  }
  const { encoder = 1, aggregator = 1, head = 1, layerDecay = 1 } = learningRates ?? {};
  const factorOf = (name: string): number => {
    const stage = stages.get(name);
    if (stage === undefined) return name.startsWith('head.') ? head : aggregator;
    return stage < freeze ? 0 : encoder * layerDecay ** (layerDecay === 1 ? 0 : count - stage);
  };
  const ranges: { start: number; end: number; factor: number }[] = [];
  for (const { name, offset, length } of tensors) {
    const factor = factorOf(name);
    const last = ranges.at(-1);
    if (last?.end === offset && last.factor === factor) last.end = offset + length;
    else if (factor !== 1) ranges.push({ start: offset, end: offset + length, factor });
  }
  return ranges;
}
