/** Pods of a node that is not heard of, as far as the pod itself shows it: the operator has no rights over nodes. */
import type { V1Pod } from '../kubernetes-types.ts';
import { conditionOf } from '../job/snapshot.ts';

const LOST = 'NodeLost';
/** The kubelet's own, where the template has such gates. */
const GATES = 'ReadinessGatesNotReady';

/**
 * Kubernetes' node controller calls pods of such a node not ready, and changes nothing else of them: a kubelet calls a
 * pod ready whose containers are, or says which gate is closed.
 */
export function isOnSilentNode(pod: V1Pod): boolean {
  if (pod.status?.reason === LOST) return true;
  const ready = conditionOf(pod, 'Ready');
  if (ready === undefined || ready.status === 'True') return false;
  if (ready.status === 'Unknown' || ready.reason === LOST) return true;
  return ready.reason !== GATES && conditionOf(pod, 'ContainersReady')?.status === 'True';
}
