/**
 * What all pods of a running job must agree on: the numerics and the list of parameter servers (each server holds a
 * range of the parameters, so their number cannot change under a running coordinator). A pod of another revision is
 * from before a change of the spec: the job is stopped with a checkpoint and started again from it. The number of
 * workers, pod templates, run policy and suspend are not part of it: they change without a stop.
 */
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import type { WsiTrainingJob } from '@wsi-operator/api';

export function revision(job: WsiTrainingJob): string {
  const { cohort, patches, model, training, parameterServers } = job.spec;
  const identity = { cohort, patches, model, training, servers: parameterServers.replicas };
  return sha256(canonicalJson(identity)).slice(0, 16);
}
