/** Whether a dataset's chunks can be read: with filters that are there, and in bounded memory. */
import type { Dataset } from 'h5wasm/node';
import { ownText, publicText } from '@wsi-operator/foundation';
import { unsupported, type Place } from '../feature-errors.ts';

/** A chunk is decompressed as a whole. */
const MOST_CHUNK_BYTES = 256 * 2 ** 20;

/** The filters that HDF5 has itself, by their registered numbers; szip needs a library that is not there. */
const READ = new Set([1, 2, 3, 5, 6]);

/** Registered filters of others that are met, for the message. */
const NAMES: Readonly<Record<number, string>> = {
  4: 'szip',
  307: 'bzip2',
  32_000: 'lzf',
  32_001: 'blosc',
  32_004: 'lz4',
  32_008: 'bitshuffle',
  32_015: 'zstd',
  32_026: 'blosc2',
};

/** @throws WsiError `SlideUnsupported` */
export function requireReadableChunks(path: string, place: Place, dataset: Dataset): void {
  const other = dataset.filters.find(({ id }) => !READ.has(id));
  if (other !== undefined) {
    throw unsupported(
      path,
      publicText`${ownText(place)} is compressed with ${ownText(NAMES[other.id] ?? 'an unknown filter')} (HDF5 filter ${other.id}), which is not read.`,
      publicText`Write it with gzip or without compression, for example with h5repack -f GZIP=4 IN OUT.`,
    );
  }
  const { chunks, size } = dataset.metadata;
  const bytes = chunks?.reduce((product, length) => product * length, size) ?? 0;
  if (bytes <= MOST_CHUNK_BYTES) return;
  throw unsupported(
    path,
    publicText`${ownText(place)} has chunks of ${Math.ceil(bytes / 2 ** 20)} MiB; up to ${MOST_CHUNK_BYTES / 2 ** 20} MiB are read.`,
    publicText`Write it in chunks of fewer rows, for example with h5repack -l CHUNK=256x1024 IN OUT.`,
  );
}
