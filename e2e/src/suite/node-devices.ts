/** Devices that a node has because a suite says so: what a pod that wants one finds no place without. */
import type { Session } from './session.ts';

/** Sets how many of them the first node has. @param count null takes the device away */
export async function setDevices(session: Session, device: string, count: number | null): Promise<void> {
  const node = (await session.kubectl(['get', 'nodes', '-o=jsonpath={.items[0].metadata.name}'])).trim();
  const has = { [device]: count === null ? null : String(count) };
  const patch = JSON.stringify({ status: { capacity: has, allocatable: has } });
  await session.kubectl(['patch', 'node', node, '--subresource=status', '--type=merge', '-p', patch]);
}
