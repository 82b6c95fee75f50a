/** Clusters for tests and storms: Kubernetes as processes of this machine, kind's, or one that exists. */
export { type CommandResult, attempt, lastLines, run } from './command.ts';
export { readRecord } from './native/cluster-record.ts';
export { FAKE_NODE } from './native/fake-nodes.ts';
export { type GoProgram, buildGoProgram, isBuilt, moduleDirectory } from './native/go-program.ts';
export { nativeProvider } from './native/native-provider.ts';
export { kubeRouter } from './native/programs.ts';
export type { ClusterCoordinates, ClusterFeatures, Log, RunningCluster } from './provider.ts';
export { type ProviderName, providers } from './providers.ts';
