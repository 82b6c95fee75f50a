/**
 * Who may talk to a job's pods, and to whom they may talk: each other, the operator (in), name servers and, with a
 * cohort in S3, its store (out). Other policies that select the pods may allow more: Kubernetes adds them up.
 */
import type { WsiTrainingJob } from '@wsi/api';
import type { ClusterSettings } from '../cluster/port.ts';
import type { KubernetesObject, V1NetworkPolicy } from '../kubernetes-types.ts';
import { jobLabels, jobName, LABELS, ownedMetadata, RPC_PORT } from './names.ts';

type Spec = NonNullable<V1NetworkPolicy['spec']>;
type Ingress = NonNullable<Spec['ingress']>[number];
type Egress = NonNullable<Spec['egress']>[number];

const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

export function networkPolicy(job: WsiTrainingJob, settings: ClusterSettings): KubernetesObject {
  const ours = { podSelector: { matchLabels: { [LABELS.job]: jobName(job) } } };
  const rpc = [{ protocol: 'TCP', port: RPC_PORT }];
  const operator = operatorPods(settings);
  const ingress: Ingress[] = [{ _from: operator === undefined ? [ours] : [ours, operator], ports: rpc }];
  const egress: Egress[] = [{ to: [ours], ports: rpc }, NAME_SERVERS, ...storeRules(job)];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(job, jobName(job), jobLabels(job)),
    spec: {
      podSelector: ours.podSelector,
      policyTypes: ['Ingress', 'Egress'],
      // The client library's types call it `_from`; on the wire it is `from`.
      ingress: ingress.map(({ _from, ports }) => ({ from: _from, ports })),
      egress,
    },
  };
}

function operatorPods({
  operatorNamespace,
  operatorLabels,
}: ClusterSettings): NonNullable<Ingress['_from']>[number] | undefined {
  if (operatorNamespace === undefined) return undefined;
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: operatorNamespace } },
    ...(operatorLabels === undefined ? {} : { podSelector: { matchLabels: { ...operatorLabels } } }),
  };
}

/** Anywhere: they run in the cluster, on the node itself or outside. */
const NAME_SERVERS: Egress = {
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

/** The store's port; its address only where the endpoint is one, since a policy does not know names. */
function storeRules({ spec }: WsiTrainingJob): Egress[] {
  const { table, slides, s3 } = spec.cohort;
  if (![table, slides].some((address) => address.startsWith('s3://'))) return [];
  if (s3?.endpoint === undefined) return [{ ports: [{ protocol: 'TCP', port: 443 }] }];
  const { protocol, hostname, port } = new URL(s3.endpoint);
  const number = port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
  const ports = [{ protocol: 'TCP', port: number }];
  return /^\d+(\.\d+){3}$/.test(hostname)
    ? [{ to: [{ ipBlock: { cidr: `${hostname}/32` } }], ports }]
    : [{ ports }];
}
