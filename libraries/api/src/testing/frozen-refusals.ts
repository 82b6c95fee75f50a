/** Manifests of jobs whose encoder does not learn with one fault each: what would train it or change its tiles. */
import type { Refusal } from './manifests.ts';

/** What makes a job one with a frozen encoder. */
export const WITH_FROZEN = {
  'spec.training.mode': 'frozen',
  'spec.model.encoder.weights': 'resnet18.safetensors',
} as const;

const beside: readonly (readonly [field: string, value: unknown, because: string])[] = [
  ['training.augmentation', 'flips', 'every tile is embedded once, as it is'],
  ['training.augmentations', { blur: {} }, 'every tile is embedded once, as it is'],
  ['training.freeze', 1, 'the encoder does not learn'],
  ['training.learningRates.encoder', 0.5, 'the encoder does not learn'],
  ['training.learningRates.layerDecay', 0.5, 'the encoder does not learn'],
];

export const frozenRefusals: readonly Refusal[] = [
  {
    name: 'a frozen encoder without weights',
    changes: { 'spec.training.mode': 'frozen' },
    path: 'spec.model.encoder.weights',
    says: 'mode frozen needs model.encoder.weights',
    remedy: 'Give a safetensors file',
  },
  {
    name: 'a frozen encoder of an earlier run',
    changes: {
      'spec.training.mode': 'frozen',
      'spec.model.initialFrom': { checkpoint: 'run1', parts: ['encoder'] },
    },
    path: 'spec.model.encoder.weights',
    says: 'mode frozen needs model.encoder.weights',
    remedy: 'wsi features JOB --from RUN',
  },
  {
    name: 'a frozen encoder with threads',
    changes: { ...WITH_FROZEN, 'spec.training.threads': 2 },
    path: 'spec.training.threads',
    says: 'mode frozen needs training.threads: 1',
    remedy: 'more workers',
  },
  ...beside.map(([field, value, because]): Refusal => ({
    name: `a frozen encoder with ${field}`,
    changes: { ...WITH_FROZEN, [`spec.${field}`]: value },
    path: `spec.${field}`,
    says: `${field} cannot be given with mode frozen: ${because}`,
    remedy: 'Leave it out',
  })),
];
