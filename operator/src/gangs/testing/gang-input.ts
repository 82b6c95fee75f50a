/** A gang's input as the plan puts it together, for a job that this operator manages. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import { intentOf } from '../../job/intent.ts';
import type { Observed } from '../../plan/observed.ts';
import { LOCAL_SETTINGS, type ClusterSettings } from '../../job/settings.ts';
import type { GangInput } from '../gang.ts';

export function gangInput(
  job: WsiTrainingJob,
  observed: Observed,
  now: number,
  settings: ClusterSettings = LOCAL_SETTINGS,
): GangInput {
  const intent = intentOf(job, observed, settings);
  switch (intent.kind) {
    case 'fault':
    case 'invalid':
    case 'elsewhere':
    case 'dispatched':
      throw new Error(`no gang is planned for a job whose intent is ${intent.kind}`);
    default:
      return { job, intent, observed, settings, now };
  }
}
