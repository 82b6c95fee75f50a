/**
 * What all pods of a running job must agree on: the numerics and the list of parameter servers (each server holds a
 * range of the parameters, so their number cannot change under a running coordinator). A pod of another revision is
 * from before a change of the spec: the job is stopped with a checkpoint and started again from it. The number of
 * workers, pod templates, run policy and suspend are not part of it: they change without a stop. Neither are defaults of
 * fields that jobs did not have when their pods were made: an upgrade of the definition adds them to every stored job.
 */
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import type { WsiTrainingJob } from '@wsi-operator/api';

export function revision(job: WsiTrainingJob): string {
  const { cohort, patches, model, training, parameterServers } = job.spec;
  const numerics = { cohort: withoutLaterDefaults(cohort), patches, model, training };
  return sha256(canonicalJson({ ...numerics, servers: parameterServers.replicas })).slice(0, 16);
}

/** A split by folds or by a column had no `validation` at first. */
function withoutLaterDefaults(cohort: WsiTrainingJob['spec']['cohort']): unknown {
  const { validation, ...split } = cohort.split;
  const isLater = validation === 0 && ('folds' in split || 'column' in split);
  return isLater ? { ...cohort, split } : cohort;
}
