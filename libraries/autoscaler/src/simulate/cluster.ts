/** Nodes with devices: which are up, which are held. */
export class Cluster {
  readonly #free: number[];
  readonly #up: boolean[];
  readonly #devicesPerNode: number;
  #held = 0;
  #capacity: number;

  constructor(nodes: number, devicesPerNode: number) {
    this.#free = Array.from({ length: nodes }, () => devicesPerNode);
    this.#up = Array.from({ length: nodes }, () => true);
    this.#devicesPerNode = devicesPerNode;
    this.#capacity = nodes * devicesPerNode;
  }

  get size(): number {
    return this.#up.length * this.#devicesPerNode;
  }

  /** Devices of the nodes that are up. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Share of the capacity that is held. */
  get busy(): number {
    return this.#capacity === 0 ? 0 : this.#held / this.#capacity;
  }

  /** A free device: of a node where the job is already, then of the fullest. Returns its node. */
  take(near: ReadonlySet<number>): number | undefined {
    let best: number | undefined;
    let score = Infinity;
    for (let node = 0; node < this.#up.length; node += 1) {
      const free = this.#free[node]!;
      if (!this.#up[node]! || free === 0) continue;
      const own = near.has(node) ? free - 1000 : free;
      if (own < score) [best, score] = [node, own];
    }
    if (best === undefined) return undefined;
    this.#free[best]! -= 1;
    this.#held += 1;
    return best;
  }

  release(node: number): void {
    this.#held -= 1;
    this.#free[node]! += 1;
  }

  /** False when it is away already. The jobs must lose what they have there, see `RunningJob.lose`. */
  takeAway(node: number): boolean {
    if (!this.#up[node]!) return false;
    this.#up[node] = false;
    this.#capacity -= this.#devicesPerNode;
    this.#held -= this.#devicesPerNode - this.#free[node]!;
    this.#free[node] = this.#devicesPerNode;
    return true;
  }

  bringBack(node: number): void {
    this.#up[node] = true;
    this.#capacity += this.#devicesPerNode;
  }
}
