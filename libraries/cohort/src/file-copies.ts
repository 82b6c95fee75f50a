/** Copies of one file under several names: recognised by their sizes, and by samples of their bytes where those are equal. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** Anything smaller is not a slide, which is reported when it is opened. */
export const SMALLEST_SLIDE = 1024;
const SAMPLE_BYTES = 4096;
/** Also uncompressed slides of one size differ in some of these, unless they are all glass. */
const SAMPLES = 256;

interface KnownFile {
  readonly path: string;
  readonly identity: string;
  digest?: string;
}

/** Remembers files by size, so that only those that have another of their size are read. */
export class FileCopies {
  readonly #bySize = new Map<number, KnownFile[]>();

  /** The identity of a file with the same bytes that was given before; undefined when there is none. */
  copyOf(path: string, identity: string, bytes: number): string | undefined {
    if (bytes < SMALLEST_SLIDE) return undefined;
    const file: KnownFile = { path, identity };
    const others = this.#bySize.get(bytes);
    if (others === undefined) {
      this.#bySize.set(bytes, [file]);
      return undefined;
    }
    const at = others.findIndex((other) => other.identity === identity);
    const before = at < 0 ? others : others.slice(0, at);
    const original = before.find((other) => digestOf(other, bytes) === digestOf(file, bytes));
    if (at < 0) others.push(file);
    return original?.identity;
  }
}

/** A file that cannot be read is like no other: its fault is reported elsewhere. */
function digestOf(file: KnownFile, bytes: number): string {
  file.digest ??= sampleDigest(file.path, bytes) ?? `unreadable ${file.identity}`;
  return file.digest;
}

function sampleDigest(path: string, bytes: number): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const hash = createHash('sha256');
    const sample = Buffer.alloc(Math.min(SAMPLE_BYTES, bytes));
    const whole = bytes <= SAMPLES * SAMPLE_BYTES;
    const count = whole ? Math.ceil(bytes / SAMPLE_BYTES) : SAMPLES;
    for (let index = 0; index < count; index++) {
      const even = Math.round((index * (bytes - SAMPLE_BYTES)) / (SAMPLES - 1));
      const read = readSync(descriptor, sample, 0, sample.length, whole ? index * SAMPLE_BYTES : even);
      hash.update(sample.subarray(0, read));
    }
    return hash.digest('hex');
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
