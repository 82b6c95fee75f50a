/**
 * Seeded random streams, split by name: the numbers drawn for one purpose never depend on how many were drawn for
 * another, so a plan is a pure function of its seed. xoshiro128** (Blackman and Vigna, 2021), seeded by SHA-256 of
 * the seed and the name.
 */
import { createHash } from 'node:crypto';

export class RandomStream {
  readonly #state: Uint32Array;

  /** @param seed the job's seed; @param name what the numbers are for, e.g. `epoch/3/order` */
  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`${seed}\n${name}`).digest();
    this.#state = new Uint32Array(4);
    for (let word = 0; word < 4; word++) this.#state[word] = digest.readUInt32LE(word * 4);
    // xoshiro must not start from the all-zero state; SHA-256 giving it is not a practical event, but it is free.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    const state = this.#state;
    const s0 = state[0] ?? 0;
    const s1 = state[1] ?? 0;
    const s2 = state[2] ?? 0;
    const s3 = state[3] ?? 0;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    state[1] = s1 ^ t2;
    state[0] = s0 ^ t3;
    state[2] = t2 ^ (s1 << 9);
    state[3] = rotateLeft(t3, 11);
    return result;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** A uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000) {
      throw new RangeError(`bound must be an integer in [1, 2^32], not ${bound}`);
    }
    const limit = 0x100000000 - (0x100000000 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** A standard normal number (Box-Muller; the second of the pair is dropped to keep the stream position simple). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const held = result[last] as T;
      result[last] = result[other] as T;
      result[other] = held;
    }
    return result;
  }
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}
