/**
 * What a queue can never admit: of the queue as a whole, not of what is free of it now, which is worth waiting for.
 */
import { parseQuantity } from '@wsi-operator/api';
import type { KubernetesObject } from '../kubernetes-types.ts';

/** In the words of Kueue. */
const NEVER = /maximum capacity|LimitRange|exceeds? (the )?(maximum|limit|nominal)/i;

export function isNever(words: string): boolean {
  return NEVER.test(words);
}

interface QueueSpec {
  /** The most that jobs of the queue may have together; a resource that is not listed is not limited. */
  readonly capability?: Readonly<Record<string, string | number>>;
  readonly parent?: string;
}

/** Volcano's queues may be in queues; a ring of them is nobody's intention. */
const MOST_PARENTS = 16;

/**
 * Why a Volcano queue, or one that it is in, can never have room for so much; undefined when nothing is known to forbid it.
 * Volcano itself only says that the queue's resources do not suffice, which may pass.
 */
export function neverInQueue(
  queues: readonly KubernetesObject[],
  name: string,
  resources: Readonly<Record<string, string>>,
): string | undefined {
  let current: string | undefined = name;
  for (let depth = 0; current !== undefined && depth < MOST_PARENTS; depth += 1) {
    const queue = queues.find(({ kind, metadata }) => kind === 'Queue' && metadata.name === current);
    const { capability = {}, parent }: QueueSpec = queue?.['spec'] ?? {};
    for (const [resource, amount] of Object.entries(resources)) {
      const most = capability[resource];
      if (most !== undefined && parseQuantity(amount) > quantityOf(most)) {
        return `its minimum asks for ${resource} ${amount}, and the capability of queue ${current} is ${most}`;
      }
    }
    current = parent;
  }
  return undefined;
}

/** Not ours to judge: what cannot be read limits nothing. */
function quantityOf(quantity: string | number): number {
  try {
    return parseQuantity(quantity);
  } catch {
    return Infinity;
  }
}
