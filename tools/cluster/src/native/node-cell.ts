/**
 * A node is a cell of its own on this machine: a network and a mount namespace, held by a process that only waits.
 * All else of the node enters them. When the last process of a cell has ended, its interfaces, addresses, packet
 * filter rules and mounts are gone with it: nothing has to be undone one by one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, run } from '../command.ts';
import {
  BRIDGE,
  CONTROL_PLANE_ADDRESS,
  HOST_ADDRESS,
  POD_NETWORK,
  SERVICE_NETWORK,
  nodeAddress,
  nodeName,
  podSubnet,
} from './addresses.ts';
import { startDaemon, untilReady, type Daemon } from './daemon.ts';
import { CLUSTER_GROUP, DAEMON_GROUP, makeGroup } from './process-group.ts';

/** Folders that kubelet, containerd and the network plug-ins use whatever their configuration says. */
const OWN_FOLDERS = [
  '/run/containerd',
  '/var/lib/kubelet',
  '/var/lib/cni',
  '/var/log/pods',
  '/var/log/containers',
] as const;

/**
 * `/bin/sh -ec HOLD sh READY [TARGET SOURCE]...`: in its new namespaces, mounts each SOURCE over its TARGET, says that
 * it is ready, and waits. Mounts are shared among the node's own processes: what kubelet mounts, containers see.
 */
const HOLD = `
ready=$1; shift
mount --make-rshared /
while [ $# -gt 0 ]; do mount --bind "$2" "$1"; shift 2; done
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
: > "$ready"
exec sleep infinity
`;

export interface NodeCell {
  readonly index: number;
  readonly name: string;
  readonly address: string;
  /** The node's state on this machine. */
  readonly directory: string;
  /** The control group that the node's containers are under, as kubelet names it. */
  readonly group: string;
  readonly holder: Daemon;
}

/** Names of the links that lead from the bridge to a node. */
const CABLE = /^wsi-node\d+$/;

/** Makes the bridge that the nodes are on. Node and pod addresses are reached from this machine too. */
export async function makeBridge(): Promise<void> {
  await ip('link', 'add', BRIDGE, 'type', 'bridge');
  await ip('addr', 'add', `${HOST_ADDRESS}/24`, 'dev', BRIDGE);
  await ip('link', 'set', BRIDGE, 'up');
  await ip('route', 'add', SERVICE_NETWORK, 'via', CONTROL_PLANE_ADDRESS, 'dev', BRIDGE, 'onlink');
}

/** The mount points that are missing on this machine; they are made for the cells and removed at the end. */
export function makeMountPoints(): string[] {
  const made: string[] = [];
  for (const folder of OWN_FOLDERS) {
    for (const path of [dirname(folder), folder]) {
      if (existsSync(path)) continue;
      mkdirSync(path);
      made.push(path);
    }
  }
  return made;
}

export function removeMountPoints(made: readonly string[]): void {
  for (const path of [...made].reverse()) {
    // Something else may use it by now.
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
}

/** Starts a node's cell, with the network plugged in and routes to the other nodes' pods. */
export async function makeCell(index: number, nodes: number, home: string): Promise<NodeCell> {
  const name = nodeName(index);
  const directory = join(home, name);
  const folders = OWN_FOLDERS.flatMap((target) => {
    const source = join(directory, target.slice(1).replaceAll('/', '-'));
    mkdirSync(source, { recursive: true });
    return [target, source];
  });
  const group = `${CLUSTER_GROUP}/${name}`;
  makeGroup(group);
  const ready = join(directory, 'ready');
  rmSync(ready, { force: true });
  const holder = await startDaemon(
    `${name}-cell`,
    [
      ...['unshare', '--mount', '--net', '--propagation', 'private', '--'],
      ...['/bin/sh', '-ec', HOLD, 'sh', ready, ...folders],
    ],
    { group: DAEMON_GROUP, log: join(home, 'logs', `${name}-cell.log`) },
  );
  await untilReady(holder, 20, async () => existsSync(ready));
  const cell = { index, name, address: nodeAddress(index), directory, group: `/${group}`, holder };
  await plugIn(cell, nodes);
  return cell;
}

async function plugIn({ index, name, address, holder }: NodeCell, nodes: number): Promise<void> {
  const outside = `wsi-${name}`;
  await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid));
  await ip('link', 'set', outside, 'master', BRIDGE, 'up');
  await ip('route', 'add', podSubnet(index), 'via', address, 'dev', BRIDGE, 'onlink');
  const others = Array.from({ length: nodes }, (_, at) => at + 1).filter((other) => other !== index);
  const inside = [
    `addr add ${address}/24 dev eth0`,
    'link set eth0 up',
    // Where nothing else is known of an address of the cluster, its packets still have to get as far as the packet
    // filter, which turns a service's address into a pod's.
    `route add ${SERVICE_NETWORK} dev eth0`,
    ...others.map((other) => `route add ${podSubnet(other)} via ${nodeAddress(other)} dev eth0 onlink`),
    `route add unreachable ${POD_NETWORK}`,
  ];
  await run('nsenter', ['--target', String(holder.pid), '--net', 'ip', '-batch', '-'], {
    input: `${inside.join('\n')}\n`,
  });
}

/** The command line that runs a command inside a cell. */
export function inside(cell: NodeCell, command: readonly string[]): string[] {
  return ['nsenter', '--target', String(cell.holder.pid), '--mount', '--net', '--', ...command];
}

/** Removes what the cells had outside themselves. */
export async function removeBridge(): Promise<void> {
  // The kernel keeps a node's network, and with it this end of its cable, as long as a connection in it is not quite closed.
  const cables = readdirSync('/sys/class/net').filter((name) => CABLE.test(name));
  for (const link of [...cables, BRIDGE]) {
    // Between the check and the removal the kernel may have removed it.
    if (existsSync(`/sys/class/net/${link}`))
      await attempt('ip', ['link', 'del', link], { timeoutSeconds: 20 });
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args, { timeoutSeconds: 20 });
}
