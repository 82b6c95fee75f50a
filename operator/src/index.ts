export type { Action, PlanEvent } from './plan/actions.ts';
export { plan, type Plan } from './plan/plan.ts';
export { buildPod } from './plan/pods.ts';
export type { Role, Slot } from './plan/names.ts';
export type {
  Cluster,
  JobKey,
  Observed,
  ObservedJob,
  ProgressSource,
  TrainingProgress,
} from './cluster/port.ts';
export { LocalCluster, type LocalClusterOptions } from './cluster/local/local-cluster.ts';
export type { RunResult } from './cluster/local/result-file.ts';
export { Reconciler, type PassOutcome } from './loop/reconciler.ts';
export { CoordinatorProgress } from './progress/coordinator-progress.ts';
export { runLocalJob, trainerEntrypoint, type LocalRunOptions, type LocalRunResult } from './local-run.ts';
