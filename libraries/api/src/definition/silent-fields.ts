/**
 * Fields that say nothing in some jobs. One with a default is there whether it was given or not, so that it is refused as soon as it
 * says something else.
 */
import type { Rule } from '../schema/node.ts';

export interface SilentField {
  /** Path below the spec. */
  readonly field: string;
  /** What holds when the job does not say a word of it, in CEL. */
  readonly silent: string;
  readonly because: string;
}

/** What changes tiles from step to step. */
export function tileChanges(because: string): SilentField[] {
  return [
    { field: 'training.augmentation', silent: "self.training.augmentation == 'none'", because },
    { field: 'training.augmentations', silent: '!has(self.training.augmentations)', because },
  ];
}

/** How an encoder learns. */
export function encoderRates(because: string): SilentField[] {
  return ['encoder', 'layerDecay'].map((name) => ({
    field: `training.learningRates.${name}`,
    silent: `!has(self.training.learningRates) || self.training.learningRates.${name} == 1.0`,
    because,
  }));
}

interface Jobs {
  /** Holds for all other jobs, in CEL. */
  readonly unless: string;
  /** What makes a job one of them, for people. */
  readonly beside: string;
  readonly remedy: string;
}

/** Rules of the whole job. */
export function silentRules(fields: readonly SilentField[], { unless, beside, remedy }: Jobs): Rule[] {
  return fields.map(({ field, silent, because }) => ({
    cel: `${unless} || ${silent.includes('||') ? `(${silent})` : silent}`,
    message: `${field} cannot be given with ${beside}: ${because}`,
    field,
    remedy,
  }));
}
