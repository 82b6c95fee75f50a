/**
 * Keeps NetworkPolicies on the nodes: the controller of kube-router, which needs `ipset`, and a kernel with its sets.
 * (kube-network-policies of the Kubernetes project needs the kernel's nftables to have `queue`, which fewer have.)
 */
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { attempt } from '../command.ts';
import type { Log } from '../provider.ts';
import { SERVICE_NETWORK } from './addresses.ts';
import { kubeconfigOf } from './control-plane.ts';
import { requirePackages } from './debian-packages.ts';
import { endProcess } from './daemon.ts';
import { buildGoProgram } from './go-program.ts';
import type { Launch } from './native-cluster.ts';
import { inside, type NodeCell } from './node-cell.ts';
import { kubeRouter } from './programs.ts';

/** Tried in a network of its own, which is gone right after. */
const PROBE = `
ipset create probe hash:ip
iptables -A FORWARD -m set --match-set probe src -m comment --comment x -j MARK --set-xmark 0x1/0x1
iptables -A FORWARD -m mark --mark 0x1/0x1 -m conntrack --ctstate NEW -j REJECT
iptables -A FORWARD -m addrtype --dst-type LOCAL -j NFLOG --nflog-group 100`;

/** @returns the program. @throws WsiError `Unavailable` when the kernel cannot do it */
export async function preparePolicies(log: Log): Promise<string> {
  await requirePackages(log, { ipset: 'ipset' });
  const { code, stderr } = await attempt('unshare', ['--net', '/bin/sh', '-ec', PROBE]);
  if (code !== 0) {
    throw new WsiError('Unavailable', `NetworkPolicies cannot be kept here: ${stderr.trim()}`, {
      remedy: 'The kernel needs IP sets and the matches of iptables for them.',
    });
  }
  return join(await buildGoProgram(kubeRouter, log), kubeRouter.name);
}

export async function startPolicies(
  launch: Launch,
  cells: readonly NodeCell[],
  program: string,
): Promise<void> {
  for (const cell of cells) {
    await launch.start(daemonOf(cell), cell, [
      program,
      `--kubeconfig=${kubeconfigOf(launch, 'admin')}`,
      `--hostname-override=${cell.name}`,
      `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    ]);
  }
}

/** With all rules: kube-proxy has its own in another table, and kubelet's are made again by it. */
export async function endPolicies(launch: Launch, cells: readonly NodeCell[]): Promise<void> {
  for (const cell of cells) {
    await launch.end(daemonOf(cell), async (daemon) => endProcess(daemon, 'SIGTERM'));
    const [command = '', ...args] = inside(cell, [
      '/bin/sh',
      '-ec',
      'iptables -F; iptables -X; ipset destroy',
    ]);
    await attempt(command, args, { timeoutSeconds: 20 });
  }
}

function daemonOf({ name }: NodeCell): string {
  return `kube-router-${name}`;
}
