/** What the servers do with a gradient, of a job. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import type { UpdateSpec } from './optimizer.ts';

export function updateSpec({ optimizer, averaging }: WsiTrainingJobSpec['training']): UpdateSpec {
  return averaging === undefined ? optimizer : { ...optimizer, averageDecay: averaging.decay };
}
