/**
 * The HDF5 library (h5wasm: the C library in WebAssembly), which sees no file but those that it was given. HDF5 files can
 * name others (external links, external storage, virtual datasets, plug-ins): all of these fail to open. Only ever loaded
 * on a thread of its own: its calls block, and after a fault in it the whole thread is replaced.
 */
import './quiet-console.ts';
import { resolve } from 'node:path';
import h5wasm, { type Dataset, type File } from 'h5wasm/node';

// Files hold the time at which an object was made. The same features are to be the same bytes, whenever they are written.
Date.now = () => 0;

export const hdf5 = await h5wasm.ready;

interface FileSystem {
  open(path: string, ...more: readonly unknown[]): unknown;
  write(
    stream: { readonly fd: number },
    bytes: unknown,
    from: number,
    length: number,
    ...more: unknown[]
  ): number;
}

const allowed = new Set<string>();
const files = hdf5.FS as unknown as FileSystem & { readonly ErrnoError: new (code: number) => Error };
const openAnything = files.open.bind(files);
/** The number of "no such file" in WebAssembly's C library. */
const ENOENT = 44;

files.open = (path, ...more) => {
  if (!allowed.has(resolve(path))) throw new files.ErrnoError(ENOENT);
  return openAnything(path, ...more);
};

const STANDARD_ERROR = 2;
const writeAnything = files.write.bind(files);

// HDF5 writes a report of every fault there; the refusal says what matters of it.
files.write = (stream, bytes, from, length, ...more) =>
  stream.fd <= STANDARD_ERROR ? length : writeAnything(stream, bytes, from, length, ...more);

/** @returns the file; undefined when HDF5 cannot open it */
export function openHdf5(path: string, mode: 'r' | 'x'): File | undefined {
  const absolute = resolve(path);
  allowed.add(absolute);
  try {
    const file = new h5wasm.File(absolute, mode);
    return file.file_id > 0n ? file : undefined;
  } finally {
    allowed.delete(absolute);
  }
}

/** A dataset that lies in the file itself; undefined when there is none of that name. */
export function datasetOf(file: File, name: string): Dataset | undefined {
  const entity = file.get(name);
  return entity instanceof h5wasm.Dataset ? entity : undefined;
}

/**
 * The raw little-endian bytes of a part of a dataset.
 * @param from first index in each dimension @param count indices in each dimension
 * @returns undefined when HDF5 could not read them
 */
export function readBytes(
  dataset: Dataset,
  from: readonly number[],
  count: readonly number[],
): Uint8Array<ArrayBuffer> | undefined {
  const bytes = count.reduce((product, size) => product * size, dataset.metadata.size);
  const place = hdf5._malloc(bytes);
  if (place === 0) return undefined;
  try {
    const big = (numbers: readonly number[]): bigint[] => numbers.map(BigInt);
    const steps = count.map(() => 1n);
    const status = hdf5.get_dataset_data(
      dataset.file_id,
      dataset.path,
      big(count),
      big(from),
      steps,
      BigInt(place),
    );
    return status < 0 ? undefined : hdf5.HEAPU8.slice(place, place + bytes);
  } finally {
    hdf5._free(place);
  }
}
