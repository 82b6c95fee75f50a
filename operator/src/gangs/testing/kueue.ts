/** Jobs with Kueue, their Workloads and what Kueue says of them, for tests. */
import { expect } from '@jest/globals';
import type { Observed } from '../../plan/observed.ts';
import { buildJob, pod, seen, type JobChoices } from '../../testing/builders.ts';
import type { KubernetesObject, V1Pod } from '../../kubernetes-types.ts';
import type { Action } from '../../job/actions.ts';
import type { Condition, Workload, WorkloadStatus } from '../kueue-workload.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { planGang, type GangPlan } from '../index.ts';
import { gangInput } from './gang-input.ts';
import { desiredSlots } from '../../job/names.ts';

export const NOW = Date.parse('2026-01-01T00:00:00Z');
export const BEFORE = '2025-12-31T00:00:00Z';
export const WORKER = { role: 'worker', index: 0 } as const;

export function job(choices: JobChoices = {}, queue: string | undefined = 'gpu'): WsiTrainingJob {
  return buildJob({
    ...choices,
    runPolicy: { gang: 'kueue', ...(queue && { queue }), ...choices.runPolicy },
  });
}

export function plan(
  given: WsiTrainingJob,
  objects: readonly KubernetesObject[] = [],
  pods: readonly V1Pod[] = [],
): GangPlan {
  const observed: Observed = { ...seen(pods), objects, gangs: ['kueue'] };
  return planGang(gangInput(given, observed, NOW));
}

/** As the plan makes it, with what Kueue says of it. */
export function workload(given: WsiTrainingJob, status?: WorkloadStatus): Workload {
  const [made] = plan(given).objects;
  if (made === undefined) throw new Error('The plan makes no Workload.');
  return at(made as Workload, status);
}

export function at(made: Workload, status?: WorkloadStatus): Workload {
  return { ...made, metadata: { ...made.metadata, resourceVersion: '7' }, ...(status && { status }) };
}

export function condition(
  type: string,
  status: 'True' | 'False',
  reason = 'Because',
  message = 'so it is',
): Condition {
  return { type, status, reason, message, lastTransitionTime: BEFORE };
}

export function admitted(counts: Record<string, number>, more: readonly Condition[] = []): WorkloadStatus {
  return {
    conditions: [condition('QuotaReserved', 'True'), condition('Admitted', 'True'), ...more],
    admission: {
      podSetAssignments: Object.entries(counts).map(([name, count]) => ({
        name,
        count,
        flavors: { cpu: 'spot', memory: 'spot', 'nvidia.com/gpu': 'a100' },
      })),
    },
  };
}

export const spot = flavor('spot', { pool: 'spot' }, [{ key: 'spot', operator: 'Exists' }]);
export const a100 = flavor('a100', { gpu: 'a100' }, []);

function flavor(name: string, nodeLabels: object, tolerations: object[]): KubernetesObject {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'ResourceFlavor',
    metadata: { name },
    spec: { nodeLabels, tolerations },
  };
}

export function running(given: WsiTrainingJob): V1Pod[] {
  return desiredSlots(given).map((slot) => pod(given, slot));
}

export function patched(
  actions: readonly Action[],
): WorkloadStatus & { admission?: null; reclaimablePods?: unknown } {
  const patches = actions.filter((action) => action.kind === 'patchStatus');
  expect(patches).toMatchObject([
    { apiVersion: 'kueue.x-k8s.io/v1beta2', objectKind: 'Workload', resourceVersion: '7' },
  ]);
  return patches[0]?.status as never;
}

export const FULL = { coordinator: 1, server: 1, worker: 2 };
