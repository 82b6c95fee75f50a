/** What a job may say when its encoder does not learn. Files of features are of such an encoder, whatever the mode. */
import type { Rule } from '../schema/node.ts';
import { encoderRates, silentRules, tileChanges, type SilentField } from './silent-fields.ts';

const FIXED = 'the encoder does not learn';

const learnt: readonly SilentField[] = [
  ...tileChanges('every tile is embedded once, as it is'),
  { field: 'training.freeze', silent: '!has(self.training.freeze)', because: FIXED },
  ...encoderRates(FIXED),
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
  ...silentRules(learnt, {
    unless: "self.training.mode != 'frozen'",
    beside: 'mode frozen',
    remedy: 'Leave it out, or train the encoder, too: training.mode: endToEnd.',
  }),
];
