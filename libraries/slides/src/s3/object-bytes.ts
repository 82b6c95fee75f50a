/** A slide's bytes in S3: ranges of one version of the object. */
import { requireInside, type ByteSource } from '../tiff/read/byte-source.ts';
import { formatS3Address, type S3Address } from './address.ts';
import type { S3Store } from './store.ts';

export interface OpenedObject {
  readonly bytes: ObjectBytes;
  /** What the object begins with, {@link HEAD_BYTES} at most: it came with its size. */
  readonly head: Buffer;
}

export const HEAD_BYTES = 65_536;

/** @throws WsiError that names the object and the remedy */
export async function openObject(store: S3Store, address: S3Address): Promise<OpenedObject> {
  const { data, bytes, etag } = await store.read(address, { start: 0, end: HEAD_BYTES });
  return { bytes: new ObjectBytes(store, address, { bytes, etag }), head: data };
}

export class ObjectBytes implements ByteSource {
  readonly remote = true;
  readonly size: number;
  readonly etag: string;
  readonly #store: S3Store;
  readonly #address: S3Address;

  constructor(store: S3Store, address: S3Address, identity: { bytes: number; etag: string }) {
    this.#store = store;
    this.#address = address;
    this.size = identity.bytes;
    this.etag = identity.etag;
  }

  /** @throws WsiError `SlideUnreadable`, also when another object has taken its place */
  async read(position: number, length: number): Promise<Buffer> {
    requireInside(this, { position, length }, formatS3Address(this.#address));
    if (length === 0) return Buffer.alloc(0);
    const range = { start: position, end: position + length };
    return (await this.#store.read(this.#address, range, { etag: this.etag })).data;
  }

  async close(): Promise<void> {
    // The connections are the store's.
  }
}
