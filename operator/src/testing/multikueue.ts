/**
 * What Kueue's MultiKueue does with a job of a kind that it does not know, between two API servers, for tests: the rules of
 * its adapter for external frameworks (sigs.k8s.io/kueue, pkg/controller/admissionchecks/multikueue).
 */
import type { KubernetesObject, Resource } from '@wsi-operator/controller';
import type { FakeApiServer } from '@wsi-operator/controller/testing';
import { JOBS } from '../cluster/kubernetes/resources.ts';
import { GANG_RESOURCES } from '../gangs/index.ts';

export const WORKLOADS: Resource = GANG_RESOURCES.kueue[0]!;
const MANAGER = 'kueue.x-k8s.io/multikueue';

type Fields = Readonly<Record<string, unknown>>;
interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

export class MultiKueue {
  readonly #manager: FakeApiServer;
  readonly #worker: FakeApiServer;

  constructor(manager: FakeApiServer, worker: FakeApiServer) {
    this.#manager = manager;
    this.#worker = worker;
  }

  /** One pass over every Workload whose job is Kueue's to dispatch. */
  reconcile(): void {
    for (const local of this.#manager.objects(WORKLOADS)) {
      const owner = local.metadata.ownerReferences?.find(({ controller }) => controller === true);
      const job = find(this.#manager, JOBS, owner?.name);
      if (job === undefined || (job['spec'] as Fields)['managedBy'] !== MANAGER) continue;
      this.#reconcile(local, job);
    }
  }

  #reconcile(local: KubernetesObject, job: KubernetesObject): void {
    const remote = find(this.#worker, WORKLOADS, local.metadata.name);
    if (!is(local, 'QuotaReserved')) return;
    if (remote === undefined) {
      const { name, namespace, labels, annotations } = local.metadata;
      const metadata = { name, namespace, annotations, labels: { ...labels, ...ORIGIN } };
      this.#worker.put(WORKLOADS, { ...kindOf(local), metadata, spec: local['spec'] });
      return;
    }
    if (JSON.stringify(remote['spec']) !== JSON.stringify(local['spec'])) throw new Error('out of sync');
    if (is(remote, 'Finished') || is(remote, 'Admitted')) this.#syncJob(job, local.metadata.name ?? '');
    if (is(remote, 'Finished')) setConditions(this.#manager, local, { Finished: 'True' });
  }

  #syncJob(job: KubernetesObject, workload: string): void {
    const remote = find(this.#worker, JOBS, job.metadata.name);
    if (remote !== undefined) {
      this.#manager.put(JOBS, { ...job, status: remote['status'] });
      return;
    }
    const { managedBy: _stripped, ...spec } = job['spec'] as Fields;
    const { name, namespace, labels } = job.metadata;
    const marks = { 'kueue.x-k8s.io/prebuilt-workload-name': workload, ...ORIGIN };
    this.#worker.put(JOBS, {
      ...kindOf(job),
      metadata: { name, namespace, labels: { ...labels, ...marks } },
      spec,
    });
  }
}

const ORIGIN = { 'kueue.x-k8s.io/multikueue-origin': 'multikueue' };

/** As Kueue's scheduler does on either cluster. */
export function admit(server: FakeApiServer, name: string): void {
  const found = find(server, WORKLOADS, name);
  if (found === undefined) throw new Error(`no Workload ${name}`);
  const { podSets } = found['spec'] as { podSets: readonly { name: string; count: number }[] };
  const podSetAssignments = podSets.map(({ name: set, count }) => ({ name: set, count, flavors: {} }));
  const status = { ...(found['status'] as object), admission: { clusterQueue: 'all', podSetAssignments } };
  setConditions(server, { ...found, status }, { QuotaReserved: 'True', Admitted: 'True' });
}

export function find(server: FakeApiServer, resource: Resource, name?: string): KubernetesObject | undefined {
  return server.objects(resource).find(({ metadata }) => metadata.name === name);
}

function is({ status }: KubernetesObject, type: string): boolean {
  const { conditions = [] } = (status ?? {}) as Conditions;
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

function setConditions(
  server: FakeApiServer,
  object: KubernetesObject,
  changes: Readonly<Record<string, 'True' | 'False'>>,
): void {
  const { conditions = [], ...status } = (object['status'] ?? {}) as Conditions;
  const lastTransitionTime = new Date().toISOString();
  const changed = Object.entries(changes).map(([type, value]) => ({
    ...{ type, status: value, reason: 'Test', message: '', lastTransitionTime },
  }));
  const kept = conditions.filter(({ type }) => !(type in changes));
  server.put(WORKLOADS, { ...object, status: { ...status, conditions: [...kept, ...changed] } });
}

function kindOf({ apiVersion, kind }: KubernetesObject): { apiVersion: string; kind: string } {
  return { apiVersion, kind };
}
