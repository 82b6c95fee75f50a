/** The cluster's network plan. All of it is inside network namespaces of its own, behind one bridge on the host. */

/** The bridge on the host; its presence says that a cluster is, or was, here. */
export const BRIDGE = 'wsi-cluster0';
export const HOST_ADDRESS = '10.240.0.254';
export const NODE_NETWORK = '10.240.0.0/24';
export const POD_NETWORK = '10.244.0.0/16';
export const SERVICE_NETWORK = '10.96.0.0/16';
/** The first address of the service network is that of the API server's own service. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const API_SERVER_PORT = 6443;
export const CLUSTER_DOMAIN = 'cluster.local';

/** Nodes are counted from 1; the first also runs the control plane and the name server. */
export function nodeName(index: number): string {
  return `node${index}`;
}

export function nodeAddress(index: number): string {
  return `10.240.0.${index}`;
}

export function podSubnet(index: number): string {
  return `10.244.${index}.0/24`;
}

export const CONTROL_PLANE_ADDRESS = nodeAddress(1);
export const API_SERVER_URL = `https://${CONTROL_PLANE_ADDRESS}:${API_SERVER_PORT}`;

/** The 32 bits of an address, and the mask of a network's prefix. */
function bitsOf(address: string): number {
  return address.split('.').reduce((bits, part) => ((bits << 8) | Number(part)) >>> 0, 0);
}

function parse(network: string): { bits: number; length: number } {
  const [address = '', length = '32'] = network.split('/');
  return { bits: bitsOf(address), length: Number(length) };
}

/**
 * Routes of this machine that lead into one of the cluster's networks, or a part of it, elsewhere. A wider route (a
 * default, a company's 10.0.0.0/8) does no harm: the narrower wins.
 */
export function conflictingRoutes(
  destinations: readonly string[],
  ours: readonly string[] = [NODE_NETWORK, POD_NETWORK, SERVICE_NETWORK],
): string[] {
  return destinations.filter((destination) => {
    if (!/^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(destination)) return false;
    const theirs = parse(destination);
    return ours.map(parse).some(({ bits, length }) => {
      if (theirs.length < length) return false;
      const mask = length === 0 ? 0 : (~0 << (32 - length)) >>> 0;
      return (theirs.bits & mask) >>> 0 === bits;
    });
  });
}
