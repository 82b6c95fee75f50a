/** Rows that were read, up to a number of bytes; the longest unused go first. What is being read counts once it is there. */
export class RowCache {
  readonly #limit: number;
  readonly #held = new Map<string, Promise<Float32Array>>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #dropped = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that it no longer holds, since it was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** The rows of that key, read if they are not there; a failed reading is tried again by the next. */
  get(key: string, read: () => Promise<Float32Array>): Promise<Float32Array> {
    const held = this.#held.get(key) ?? this.#read(key, read);
    this.#held.delete(key);
    this.#held.set(key, held);
    return held;
  }

  async #read(key: string, read: () => Promise<Float32Array>): Promise<Float32Array> {
    try {
      const rows = await read();
      this.#sizes.set(key, rows.byteLength);
      this.#bytes += rows.byteLength;
      this.#dropOldest();
      return rows;
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  #dropOldest(): void {
    for (const key of this.#held.keys()) {
      if (this.#bytes <= this.#limit) return;
      const size = this.#sizes.get(key);
      // One that is still being read is nobody's to drop.
      if (size === undefined) continue;
      this.#held.delete(key);
      this.#sizes.delete(key);
      this.#bytes -= size;
      this.#dropped += size;
    }
  }
}
