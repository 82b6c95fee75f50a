/**
 * Who may talk to a job's pods, and to whom they may talk: each other, the operator (in), name servers and, with a
 * cohort in S3, its store (out), and whatever the administrator adds. Other policies that select the pods may allow more: Kubernetes adds them up.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings, EgressRule as Egress } from '../job/settings.ts';
import type { KubernetesObject, V1NetworkPolicy } from '../kubernetes-types.ts';
import { jobLabels, jobName, LABELS, ownedMetadata, RPC_PORT } from '../job/names.ts';
import { NAMESPACE_LABEL, storeRules } from './store-egress.ts';

type Spec = NonNullable<V1NetworkPolicy['spec']>;
type Ingress = NonNullable<Spec['ingress']>[number];

export function networkPolicy(job: WsiTrainingJob, settings: ClusterSettings): KubernetesObject {
  const ours = { podSelector: { matchLabels: { [LABELS.job]: jobName(job) } } };
  const rpc = [{ protocol: 'TCP', port: RPC_PORT }];
  const operator = operatorPods(settings);
  const ingress: Ingress[] = [{ _from: operator === undefined ? [ours] : [ours, operator], ports: rpc }];
  const egress: Egress[] = [
    { to: [ours], ports: rpc },
    nameServers(settings.dnsPorts),
    ...storeRules(job),
    ...settings.policyEgress,
  ];
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

/**
 * Anywhere: they run in the cluster, on the node itself (a cache at a link-local address) or outside. A rule is for ports
 * of pods, and those of name servers are not 53 everywhere: OpenShift's listen at 5353.
 */
function nameServers(ports: readonly number[]): Egress {
  return { ports: ['UDP', 'TCP'].flatMap((protocol) => ports.map((port) => ({ protocol, port }))) };
}
