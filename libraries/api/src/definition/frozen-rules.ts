/** What a job may say when its encoder does not learn. Files of features are of such an encoder, whatever the mode. */
import type { Rule } from '../schema/node.ts';

const REMEDY = 'Leave it out, or train the encoder, too: training.mode: endToEnd.';
const ONCE = 'every tile is embedded once, as it is';
const FIXED = 'the encoder does not learn';

const learnt: readonly { readonly field: string; readonly silent: string; readonly because: string }[] = [
  { field: 'training.augmentation', silent: "self.training.augmentation == 'none'", because: ONCE },
  { field: 'training.augmentations', silent: '!has(self.training.augmentations)', because: ONCE },
  { field: 'training.freeze', silent: '!has(self.training.freeze)', because: FIXED },
  {
    field: 'training.learningRates.encoder',
    silent: '!has(self.training.learningRates) || self.training.learningRates.encoder == 1.0',
    because: FIXED,
  },
  {
    field: 'training.learningRates.layerDecay',
    silent: '!has(self.training.learningRates) || self.training.learningRates.layerDecay == 1.0',
    because: FIXED,
  },
];

/** Of the whole job. */
export const frozenRules: readonly Rule[] = [
  {
    cel: "self.training.mode != 'frozen' || has(self.cohort.features) || has(self.model.encoder.weights)",
    message:
      'mode frozen needs model.encoder.weights: an encoder of random numbers that never learns says little of tissue',
    field: 'model.encoder.weights',
    remedy:
      'Give a safetensors file of a pretrained encoder. For the encoder of an earlier run, write its features with `wsi features JOB --from RUN`, and give them as cohort.features.',
  },
  {
    cel: "self.training.mode != 'frozen' || has(self.cohort.features) || self.training.threads == 1",
    message: 'mode frozen needs training.threads: 1, with which features are extracted',
    field: 'training.threads',
    remedy: 'Leave it out, and give the job more workers.',
  },
  ...learnt.map(({ field, silent, because }): Rule => ({
    cel: `self.training.mode != 'frozen' || ${silent.includes('||') ? `(${silent})` : silent}`,
    message: `${field} cannot be given with mode frozen: ${because}`,
    field,
    remedy: REMEDY,
  })),
];
