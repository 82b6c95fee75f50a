/**
 * Sums over the canonical binary tree of leaf indices. Floating-point addition is not associative, so the order of
 * the additions is fixed by the leaves' indices, never by their arrival: the sum has the same bits whatever the
 * number of workers, the order of completion, or how often a leaf was computed.
 *
 * Node (level l, index i) covers the leaves [i 2^l, (i+1) 2^l); a node without a right sibling is its left child.
 *
 *     level 2              0
 *     level 1        0           1
 *     level 0     0     1     2     3     4      leaf 4 rises alone and joins at the root
 */

/** Reduces `leaves` (at least one) over the canonical tree; `join(left, right)` may reuse `left`'s memory. */
export function reduceTree<T>(leaves: readonly T[], join: (left: T, right: T) => T): T {
  if (leaves.length === 0) throw new RangeError('a tree has at least one leaf');
  let level = [...leaves];
  while (level.length > 1) {
    const above: T[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index] as T;
      above.push(index + 1 < level.length ? join(left, level[index + 1] as T) : left);
    }
    level = above;
  }
  return level[0] as T;
}

/**
 * The same reduction for leaves that arrive in any order, any number of times. Siblings are joined as soon as both
 * are there, so it holds at most about log2(leaves) + (leaves in flight) values.
 */
export class TreeAccumulator<T> {
  readonly leaves: number;
  readonly #join: (left: T, right: T) => T;
  readonly #received: Uint8Array;
  /** Nodes that wait for their sibling, by level and index. */
  readonly #waiting = new Map<string, T>();
  #missing: number;
  #root: { readonly value: T } | undefined;

  constructor(leaves: number, join: (left: T, right: T) => T) {
    if (!Number.isInteger(leaves) || leaves < 1)
      throw new RangeError(`a tree has at least one leaf, not ${leaves}`);
    this.leaves = leaves;
    this.#join = join;
    this.#received = new Uint8Array(leaves);
    this.#missing = leaves;
  }

  has(leaf: number): boolean {
    return this.#received[leaf] === 1;
  }

  /** Takes a leaf; returns false, and changes nothing, when that leaf was there already. */
  add(leaf: number, value: T): boolean {
    if (!Number.isInteger(leaf) || leaf < 0 || leaf >= this.leaves) {
      throw new RangeError(`leaf ${leaf} is not in a tree of ${this.leaves}`);
    }
    if (this.has(leaf)) return false;
    this.#received[leaf] = 1;
    this.#missing -= 1;
    this.#rise(leaf, value);
    return true;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  get received(): number[] {
    return Array.from(this.#received.keys()).filter((leaf) => this.has(leaf));
  }

  get missing(): number[] {
    return Array.from(this.#received.keys()).filter((leaf) => this.#received[leaf] === 0);
  }

  /** Values held now. */
  get held(): number {
    return this.#waiting.size + (this.#root === undefined ? 0 : 1);
  }

  /** The sum of all leaves. Fails while some are missing. */
  get root(): T {
    if (this.#root === undefined)
      throw new RangeError(`${this.#missing} of ${this.leaves} leaves are missing`);
    return this.#root.value;
  }

  #rise(leaf: number, arrived: T): void {
    let value = arrived;
    let index = leaf;
    let width = this.leaves;
    for (let level = 0; width > 1; level++) {
      const sibling = index ^ 1;
      if (sibling < width) {
        const siblingKey = `${level}/${sibling}`;
        const other = this.#waiting.get(siblingKey);
        if (other === undefined) {
          this.#waiting.set(`${level}/${index}`, value);
          return;
        }
        this.#waiting.delete(siblingKey);
        value = index < sibling ? this.#join(value, other) : this.#join(other, value);
      }
      index >>= 1;
      width = (width + 1) >> 1;
    }
    this.#root = { value };
  }
}

/** Adds `right` into `left` element by element, in float32; returns `left`. */
export function addInto(left: Float32Array, right: Float32Array): Float32Array {
  if (left.length !== right.length) throw new RangeError(`lengths ${left.length} and ${right.length} differ`);
  for (let index = 0; index < left.length; index++) {
    // The sum of two float32 in double, rounded once to float32, is the float32 sum.
    left[index] = left[index]! + right[index]!;
  }
  return left;
}
