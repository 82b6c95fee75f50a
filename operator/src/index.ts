export type { GangName } from '@wsi-operator/api';
export type { Action, CertificateRequest, CertificateRole, Plan, PlanEvent } from './plan/actions.ts';
export { plan } from './plan/plan.ts';
export { autoscalingSettings, capOf, deadlineTime, type SizedByItsSpec } from './plan/autoscaling/index.ts';
export { restrict } from './plan/pod-security.ts';
export { buildPod } from './plan/pods.ts';
export type { Role, Slot } from './plan/names.ts';
export {
  DEFAULT_SETTINGS,
  LOCAL_SETTINGS,
  type Cluster,
  type ClusterSettings,
  type JobKey,
  type Observed,
  type ObservedJob,
  type PodIdentity,
  type ProgressSource,
  type TrainingProgress,
} from './cluster/port.ts';
export type { KubernetesObject } from './kubernetes-types.ts';
export { LocalCluster, type LocalClusterOptions } from './cluster/local/local-cluster.ts';
export { thisMachine, type Machine } from './cluster/local/machine.ts';
export { makeOutputDirectory } from './cluster/local/output-directory.ts';
export { lockOutput, outputOwner, type OutputLock, type OutputOwner } from './cluster/local/lock.ts';
export { readRunSizes, type RunSizes } from './cluster/local/run-identity.ts';
export type { RunResult } from './cluster/local/result-file.ts';
export { Reconciler, type PassOutcome } from './loop/reconciler.ts';
export { CoordinatorProgress } from './progress/coordinator-progress.ts';
export { localJob, type LocalJob } from './local-job.ts';
export { runLocalJob, trainerEntrypoint, type LocalRunOptions, type LocalRunResult } from './local-run.ts';
