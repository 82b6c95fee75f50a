/** Where a cluster for the end-to-end suites comes from. The suites are the same on all of them. */

export type Log = (line: string) => void;

export interface StartOptions {
  readonly nodes: number;
  readonly log: Log;
  /** Kubernetes' own gang scheduling (Workload and PodGroup APIs), where the provider can turn it on. */
  readonly gangScheduling?: boolean;
}

/** What a suite may do on a cluster; it skips, and says so, what it may not. */
export interface ClusterFeatures {
  /** `restartApiServer` works. */
  readonly restartApiServer: boolean;
  /** Capacity (`nvidia.com/gpu`) may be patched into the nodes' status, and nodes be cordoned and labelled. */
  readonly changeNodes: boolean;
  /** NetworkPolicies are not only stored but kept. */
  readonly networkPolicies: boolean;
  /** `keepPolicies` works: they are kept when a suite asks for it. */
  readonly policiesOnDemand: boolean;
  /** The server has Kubernetes' own gang scheduling on. */
  readonly gangScheduling: boolean;
  /** `withFakeNodes` works. */
  readonly fakeNodes: boolean;
  /** A claim of class `standard`, or of no class, is bound to a volume that every user can write. */
  readonly volumes: boolean;
}

export interface ImageArchive {
  /** An OCI image layout in a tar archive. */
  readonly file: string;
  /** Name and tag: `wsi-operator/trainer:0.1.0`. */
  readonly name: string;
}

export interface RunningCluster {
  readonly provider: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
  readonly features: ClusterFeatures;
  /** Folder with the logs of its components, where they are files of this machine. */
  readonly logs?: string;
  /**
   * Makes an image known to every node.
   * @returns the name under which pods use it
   */
  loadImage(image: ImageArchive): Promise<string>;
  /** Kills the API server, leaves it away for some seconds, and waits until the next one answers. */
  restartApiServer(options?: { readonly secondsAway?: number }): Promise<void>;
  /** Adds nodes that only pretend: pods on them are Running at once and go when they are deleted. */
  withFakeNodes(count: number): Promise<void>;
  /** Has NetworkPolicies kept from now on, or no longer. */
  keepPolicies(kept: boolean): Promise<void>;
  /** Lets the cluster be when this program ends. */
  keep(): Promise<void>;
  /** Ends what `start` has begun; nothing of it is left. A cluster that was there before stays. */
  stop(): Promise<void>;
}

export interface ClusterProvider {
  readonly name: string;
  /** Whether it can work on this machine. */
  canRunHere(): Promise<Possibility>;
  start(options: StartOptions): Promise<RunningCluster>;
}

export type Possibility = { readonly ok: true } | { readonly ok: false; readonly reasons: readonly string[] };

/** The programs that suites use on a cluster. */
export interface ClusterCoordinates {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
}
