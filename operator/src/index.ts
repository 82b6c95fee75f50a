export type { GangName } from '@wsi-operator/api';
export type { Action, CertificateRequest, CertificateRole, PlanEvent } from './job/actions.ts';
export type { Plan } from './plan/pass.ts';
export { plan } from './plan/plan.ts';
export { autoscalingOf, type SizedByItsSpec } from './autoscaling/index.ts';
export { restrict } from './objects/pod-security.ts';
export { buildPod } from './objects/pods.ts';
export type { Role, Slot } from './job/names.ts';
export { DEFAULT_SETTINGS, LOCAL_SETTINGS, type ClusterSettings, type PodIdentity } from './job/settings.ts';
export type { Cluster, JobKey, ObservedJob } from './cluster/port.ts';
export type { Observed } from './plan/observed.ts';
export type { ProgressSource } from './progress/progress-source.ts';
export type { TrainingProgress } from './plan/training-progress.ts';
export type {
  CoreV1Event,
  KubernetesObject,
  V1ContainerState,
  V1ContainerStatus,
  V1Pod,
} from './kubernetes-types.ts';
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
