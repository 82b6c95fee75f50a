/**
 * What NetworkPolicies mean, as the API defines it, for tests: whether a connection is let out by the policies that select
 * its source and let in by those that select its target. Ports are those of pods: Services are resolved before.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import { BlockList, isIPv6 } from 'node:net';
import type { V1NetworkPolicy } from '../kubernetes-types.ts';

type Spec = NonNullable<V1NetworkPolicy['spec']>;
type Rule = NonNullable<Spec['egress']>[number];
type Peer = NonNullable<Rule['to']>[number];
type Selector = Peer['podSelector'];
type Labels = Readonly<Record<string, string>>;

/** A pod, or with no namespace a machine outside of the cluster. */
export interface Endpoint {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Labels;
  readonly address: string;
}

export interface Port {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

/** On the wire it is `from`, which the client library calls `_from`. */
type Ingress = { readonly from?: Rule['to']; readonly ports?: Rule['ports'] };

export function connects(
  policies: readonly V1NetworkPolicy[],
  from: Endpoint,
  to: Endpoint,
  port: Port,
): boolean {
  const lets = (pod: Endpoint, type: 'Ingress' | 'Egress', peer: Endpoint): boolean => {
    const isolating = selecting(policies, pod, type);
    return (
      isolating.length === 0 ||
      isolating.some(({ rules, namespace }) =>
        rules.some((rule) => matchesPort(rule, port) && matchesPeer(rule, peer, namespace)),
      )
    );
  };
  return lets(from, 'Egress', to) && lets(to, 'Ingress', from);
}

interface Selecting {
  readonly namespace: string;
  /** Rules of either direction, with their peers in `to`. */
  readonly rules: readonly Rule[];
}

function selecting(
  policies: readonly V1NetworkPolicy[],
  pod: Endpoint,
  type: 'Ingress' | 'Egress',
): Selecting[] {
  return policies
    .filter(
      ({ metadata, spec }) =>
        metadata?.namespace === pod.namespace &&
        spec?.policyTypes?.includes(type) === true &&
        matches(spec.podSelector, pod.labels),
    )
    .map(({ metadata, spec }) => {
      const ingress = (spec?.ingress ?? []) as readonly Ingress[];
      const rules = type === 'Egress' ? (spec?.egress ?? []) : ingress.map(asEgress);
      return { namespace: metadata?.namespace ?? '', rules };
    });
}

function asEgress({ from, ports }: Ingress): Rule {
  return { ...(from === undefined ? {} : { to: from }), ...(ports === undefined ? {} : { ports }) };
}

function matchesPort({ ports }: Rule, { protocol, port }: Port): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((one) => (one.protocol ?? 'TCP') === protocol && (one.port ?? port) === port);
}

function matchesPeer({ to }: Rule, peer: Endpoint, namespace: string): boolean {
  if (to === undefined || to.length === 0) return true;
  return to.some(({ ipBlock, namespaceSelector, podSelector }) => {
    if (ipBlock !== undefined) {
      const { cidr, except = [] } = ipBlock;
      return inBlock(cidr, peer.address) && !except.some((one) => inBlock(one, peer.address));
    }
    if (peer.namespace === undefined) return false;
    const inNamespace =
      namespaceSelector === undefined
        ? peer.namespace === namespace
        : matches(namespaceSelector, { 'kubernetes.io/metadata.name': peer.namespace });
    return inNamespace && matches(podSelector, peer.labels);
  });
}

function matches(selector: Selector, labels: Labels): boolean {
  if (selector?.matchExpressions !== undefined) throw new Error('expressions are not modelled');
  return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}

function inBlock(cidr: string, address: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  // Node would find an address of IPv4 in ::/0.
  if (isIPv6(address) !== isIPv6(network)) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(length), family);
  return block.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
