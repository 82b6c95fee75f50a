/**
 * Where a job's policy lets out to the store of its cohort. A policy is held against the addresses and ports of pods, after
 * a Service's address and port have become theirs: a Service that answers at 443 and leads to port 9000 of its pods (as
 * MinIO's does) is reached by a rule for 9000 only. Which port that is, its name does not tell; in which namespace the pods
 * are, it does.
 */
import { isIP } from 'node:net';
import { readsStore, templateEndpoints, type WsiTrainingJob } from '@wsi-operator/api';
import { endpointRefusal, LINK_LOCAL_IPV4, LINK_LOCAL_IPV6 } from '@wsi-operator/foundation';
import type { EgressRule as Egress } from '../job/settings.ts';
import { jobNamespace } from '../job/names.ts';

type Ports = NonNullable<Egress['ports']>;
type Peers = NonNullable<Egress['to']>;

export const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

export function storeRules(job: WsiTrainingJob): Egress[] {
  if (!readsStore(job)) return [];
  const { s3 } = job.spec.cohort;
  const named =
    s3?.endpoint === undefined ? templateEndpoints(job).map(({ endpoint }) => endpoint) : [s3.endpoint];
  // One that is no URL reaches nothing, and its reader says so.
  const endpoints = [...new Set(named)].filter((endpoint) => URL.canParse(endpoint));
  const linkLocal = s3?.linkLocal ?? false;
  const to: Reach = { podPorts: s3?.podPorts ?? [], namespace: jobNamespace(job), linkLocal };
  if (endpoints.length === 0) return [anywhere(tcp([443, ...to.podPorts]), to)];
  return endpoints
    .filter((endpoint) => endpointRefusal(endpoint, { insecure: true, linkLocal }) === undefined)
    .flatMap((endpoint) => endpointRules(endpoint, to));
}

interface Reach {
  readonly podPorts: readonly number[];
  /** The job's own. */
  readonly namespace: string;
  /** Whether the store may be at a link-local address. */
  readonly linkLocal: boolean;
}

function endpointRules(endpoint: string, reach: Reach): Egress[] {
  const { podPorts, namespace } = reach;
  const { protocol, hostname, port } = new URL(endpoint);
  const own = port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
  const ports = tcp([own, ...podPorts]);
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0) return addressRules(address, ports);
  const within = namespaceOf(hostname, namespace);
  // Anywhere, since a policy does not know names; and whatever port the pods of a Service have.
  const wide = anywhere(ports, reach);
  if (within === undefined || podPorts.length > 0) return [wide];
  return [wide, { to: [{ namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: within } } }] }];
}

/**
 * To every pod and every address, but where clouds have their metadata services: whatever the store's name leads to, they
 * are not reached. A block of addresses says nothing of pods for some networks, so that pods are named beside it.
 */
function anywhere(ports: Ports, { linkLocal }: Reach): Egress {
  return linkLocal ? { ports } : { to: [{ namespaceSelector: {} }, ...EVERYWHERE], ports };
}

const cidrs = (blocks: typeof LINK_LOCAL_IPV4): string[] =>
  blocks.map(({ network, length }) => `${network}/${length}`);

const EVERYWHERE: Peers = [
  { ipBlock: { cidr: '0.0.0.0/0', except: cidrs(LINK_LOCAL_IPV4) } },
  { ipBlock: { cidr: '::/0', except: cidrs(LINK_LOCAL_IPV6) } },
];

/** An address may be a Service's: what the policy is held against is then a pod's. */
function addressRules(address: string, ports: Ports): Egress[] {
  const plain = unmapped(address);
  const block = { ipBlock: { cidr: `${plain}/${isIP(plain) === 6 ? 128 : 32}` } };
  return [{ to: isPrivate(plain) ? [block, { namespaceSelector: {} }] : [block], ports }];
}

/** `::ffff:a01:203` is 10.1.2.3, and Kubernetes takes only that. */
function unmapped(address: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 255])
    .join('.');
}

const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i;

function isPrivate(address: string): boolean {
  return PRIVATE.test(address);
}

/**
 * The namespace of a Service by the name that pods of the cluster use: `NAME`, `NAME.NAMESPACE`, `NAME.NAMESPACE.svc` and
 * that with the cluster's domain. A name of two parts may be one outside the cluster: then no namespace of that name does harm.
 */
function namespaceOf(hostname: string, own: string): string | undefined {
  const parts = hostname.replace(/\.$/, '').split('.');
  if (parts.length === 1) return parts[0] === 'localhost' ? undefined : own;
  if (parts.length === 2) return parts[1];
  const at = parts.lastIndexOf('svc');
  return at >= 2 ? parts[at - 1] : undefined;
}

function tcp(ports: readonly number[]): Ports {
  return [...new Set(ports)].map((port) => ({ protocol: 'TCP', port }));
}
