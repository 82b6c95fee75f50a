/** Whether a slide is still the file that it was: asked at every step, so it must be cheap. */
import { stat } from 'node:fs/promises';
import { WsiError } from '@wsi-operator/foundation';
import { isS3Address, parseS3Address } from './s3/address.ts';
import { defaultStore, type S3Store } from './s3/store.ts';

export interface SlideIdentity {
  readonly bytes: number;
  /** Of a file, when it was last modified (Unix milliseconds); of an object in S3, its ETag. */
  readonly version: string;
}

/** @throws WsiError `SlideUnreadable` when it is gone; for S3 also `NotFound`, and `Unavailable` (retryable) */
export async function identifySlide(path: string, store: S3Store = defaultStore()): Promise<SlideIdentity> {
  if (isS3Address(path)) {
    const { bytes, etag } = await store.identify(parseS3Address(path));
    return { bytes, version: etag };
  }
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, version: String(mtimeMs) };
  } catch (error) {
    throw new WsiError('SlideUnreadable', 'the slide cannot be read any more.', {
      where: path,
      remedy:
        'Mount or restore its directory and start again: the run goes on from its last checkpoint, if it has one.',
      cause: error,
    });
  }
}

export function sameIdentity(a: SlideIdentity, b: SlideIdentity): boolean {
  return a.bytes === b.bytes && a.version === b.version;
}
