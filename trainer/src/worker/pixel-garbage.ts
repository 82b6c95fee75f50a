/**
 * Pixels that nobody needs any more, collected in time. V8 judges by its own heap, which is small here, and lets up to
 * some 100 MB outside of it wait for a collection: a sixth of what a worker takes, and how much it is depends on the
 * moment, so that two equal workers would differ by it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of tiles that are computed between two collections. */
const BETWEEN_BYTES = 32 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export class PixelGarbage {
  readonly #collect: () => void;
  #bytes = 0;

  constructor(collect: () => void = collectGarbage) {
    this.#collect = collect;
  }

  /** Tiles of so many bytes have gone through. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= BETWEEN_BYTES) this.collect();
  }

  /** Takes some milliseconds of the main thread, and none of TensorFlow's: the heap itself is small. */
  collect(): void {
    this.#bytes = 0;
    this.#collect();
  }
}
