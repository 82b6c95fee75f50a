/** Objects of a cluster for tests. */
import { jobFromText, type Role, type WsiTrainingJobStatus } from '@wsi-operator/api';
import type { ClusterEvent, ContainerState, Pod, StoredJob } from '../cluster/wire.ts';

/** 2026-03-04 12:00:00 UTC: the present of these objects. */
export const NOW = Date.parse('2026-03-04T12:00:00Z');

export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString();
}

export const MANIFEST = `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata:
  name: demo
spec:
  cohort:
    table: /data/cohort.csv
    slides: /data/slides
    outcome: { type: classification, column: label }
    split: { test: 0.25 }
  patches: { size: 64, level: 0 }
  model:
    encoder: { name: tiny }
    aggregator: { name: attention }
    head: { name: classification }
  training: { epochs: 4 }
  parameterServers: { replicas: 2 }
  workers: { replicas: 2 }
`;

export interface JobParts {
  readonly name?: string;
  readonly status?: WsiTrainingJobStatus;
  /** Laid over the spec, one level deep. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly createdSecondsAgo?: number;
}

/** A job as the API server gives it. */
export function job(parts: JobParts = {}): StoredJob {
  const { spec, ...rest } = jobFromText(MANIFEST, 'test');
  return {
    ...rest,
    metadata: {
      name: parts.name ?? 'demo',
      namespace: 'lab',
      uid: `uid-${parts.name ?? 'demo'}`,
      generation: 1,
      creationTimestamp: ago(parts.createdSecondsAgo ?? 600),
    },
    spec: { ...spec, ...(parts.spec as Partial<StoredJob['spec']>) },
    ...(parts.status === undefined ? {} : { status: parts.status }),
  };
}

export const runningStatus: WsiTrainingJobStatus = {
  observedGeneration: 1,
  phase: 'Running',
  message: 'training',
  startTime: ago(300),
  conditions: [
    condition('Created', 'True', 'JobCreated', 'The job is accepted.'),
    condition('Running', 'True', 'PodsReady', 'Every role runs.'),
  ],
  coordinator: { summary: '1/1', ready: 1, desired: 1 },
  parameterServers: { summary: '2/2', ready: 2, desired: 2 },
  workers: { summary: '1/2', ready: 1, desired: 2 },
  progress: { step: 18, steps: 40, epoch: 1, epochs: 4, fraction: 0.45, eta: '1m 20s' },
  throughput: {
    tilesPerSecond: 53.4,
    window: {
      workers: 2,
      seconds: 20.4,
      tilesPerSecond: 51.2,
      phaseSeconds: { forward: 9, backward: 25, decode: 4, barrierWait: 2.6, push: 0.01 },
      bottleneck: 'backward',
    },
  },
  metrics: { loss: 0.41234 },
  memory: { coordinator: 400_000_000, workers: 1_234_000_000 },
  restarts: 1,
  parametersSha256: 'ab12'.repeat(16),
  checkpoint: { step: 15 },
};

export function condition(
  type: 'Created' | 'Running' | 'Suspended' | 'Succeeded' | 'Failed',
  status: 'True' | 'False',
  reason: string,
  message: string,
): NonNullable<WsiTrainingJobStatus['conditions']>[number] {
  return { type, status, reason, message, lastTransitionTime: ago(120) };
}

export interface PodParts {
  readonly role?: Role;
  readonly replica?: number;
  readonly uid?: string;
  readonly phase?: string;
  readonly state?: ContainerState;
  readonly ready?: boolean;
  readonly image?: string;
  readonly status?: NonNullable<Pod['status']>;
  readonly deleted?: boolean;
}

/** A pod of the job `demo`. */
export function pod(parts: PodParts = {}): Pod & { readonly metadata: { readonly name: string } } {
  const { role = 'worker', replica = 0, state, ready, image } = parts;
  const name = `demo-${role}-${replica}`;
  const container = {
    name: 'trainer',
    ready: ready ?? state?.running !== undefined,
    ...(image === undefined ? {} : { image }),
    ...(state === undefined ? {} : { state }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'lab',
      uid: parts.uid ?? `uid-${name}`,
      labels: { 'wsi.dev/job-name': 'demo', 'wsi.dev/role': role, 'wsi.dev/replica': String(replica) },
      creationTimestamp: ago(300),
      ...(parts.deleted === true ? { deletionTimestamp: ago(1) } : {}),
    },
    spec: { containers: [{ name: 'trainer' }], nodeName: 'node-1' },
    status: parts.status ?? {
      phase: parts.phase ?? 'Running',
      ...(state === undefined ? {} : { containerStatuses: [container] }),
    },
  };
}

export const running: ContainerState = { running: { startedAt: ago(290) } };

export function unschedulable(message: string): NonNullable<Pod['status']> {
  return {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  };
}

export function event(parts: Partial<ClusterEvent> & { readonly on?: string }): ClusterEvent {
  const { on = 'demo', ...fields } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${on}.1`, namespace: 'lab' },
    type: 'Normal',
    reason: 'Scheduled',
    message: 'assigned',
    lastTimestamp: ago(60),
    involvedObject: { kind: on === 'demo' ? 'WsiTrainingJob' : 'Pod', name: on },
    ...fields,
  };
}
