/** A file of features while it is written: rows are appended, so memory is bounded by what is given at once. */
import type { Dataset, File } from 'h5wasm/node';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { publicText, WsiError } from '@wsi-operator/foundation';
import {
  writtenLayout,
  type Attribute,
  type FeatureContent,
  type WrittenLayout,
} from '../layouts/content.ts';
import { hdf5, openHdf5 } from './library.ts';

/** A chunk of features fits into HDF5's own cache of chunks. */
const CHUNK_BYTES = 2 ** 20;
const ROWS_IN_CHUNK = 256;
const COORDINATES_IN_CHUNK = 1024;

export class WrittenFeatures {
  readonly #path: string;
  readonly #file: File;
  readonly #layout: WrittenLayout;
  readonly #size: number;
  readonly #features: Dataset;
  readonly #coords: Dataset;
  #rows = 0;

  /** @param path that does not exist yet @throws WsiError `StorageFailed` */
  constructor(path: string, content: FeatureContent) {
    this.#path = path;
    this.#size = content.size;
    this.#layout = writtenLayout(content);
    const file = openHdf5(path, 'x');
    if (file === undefined) throw this.#failed();
    this.#file = file;
    const { features, coordinates, attributes } = this.#layout;
    const chunk = Math.max(1, Math.min(ROWS_IN_CHUNK, Math.floor(CHUNK_BYTES / (4 * content.size))));
    this.#features = file.create_dataset({
      name: features,
      data: new Float32Array(0),
      shape: [0, content.size],
      maxshape: [null, content.size],
      chunks: [chunk, content.size],
      dtype: '<f4',
    });
    this.#coords = file.create_dataset({
      name: 'coords',
      data: coordinates === 'int64' ? new BigInt64Array(0) : new Float64Array(0),
      shape: [0, 2],
      maxshape: [null, 2],
      chunks: [COORDINATES_IN_CHUNK, 2],
      dtype: coordinates === 'int64' ? '<q' : '<d',
    });
    for (const attribute of attributes.file) setAttribute(file, attribute);
    for (const attribute of attributes.features) setAttribute(this.#features, attribute);
    for (const attribute of attributes.coords) setAttribute(this.#coords, attribute);
  }

  /** @param features [n, D] @param coordinates [n, 2] in level-0 pixels */
  append(features: Float32Array, coordinates: Float64Array): void {
    const { scale, coordinates: type } = this.#layout;
    const from = this.#rows;
    const to = from + coordinates.length / 2;
    this.#rows = to;
    this.#features.resize([to, this.#size]);
    this.#coords.resize([to, 2]);
    if (!write(this.#features, [from, 0], [to - from, this.#size], features)) throw this.#failed();
    const places =
      type === 'int64'
        ? BigInt64Array.from(coordinates, BigInt)
        : Float64Array.from(coordinates, (value) => value * scale);
    if (!write(this.#coords, [from, 0], [to - from, 2], places)) throw this.#failed();
  }

  /** Closes the file when all is on the disk. */
  finish(): void {
    const closed = this.#file.close();
    if (closed < 0) throw this.#failed();
    const file = openSync(this.#path, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #failed(): WsiError {
    return new WsiError('StorageFailed', publicText`the file of features cannot be written.`, {
      where: this.#path,
      remedy: publicText`Check that the directory is there, is writable and has space.`,
      retryable: true,
    });
  }
}

/** @returns whether HDF5 has taken it */
function write(
  dataset: Dataset,
  from: readonly number[],
  count: readonly number[],
  values: Float32Array | Float64Array | BigInt64Array,
): boolean {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const place = hdf5._malloc(bytes.length);
  if (place === 0) return false;
  try {
    hdf5.HEAPU8.set(bytes, place);
    const steps = count.map(() => 1n);
    const status = hdf5.set_dataset_data(
      dataset.file_id,
      dataset.path,
      count.map(BigInt),
      from.map(BigInt),
      steps,
      BigInt(place),
    );
    return status >= 0;
  } finally {
    hdf5._free(place);
  }
}

function setAttribute(of: File | Dataset, attribute: Attribute): void {
  if ('text' in attribute) of.create_attribute(attribute.name, attribute.text, null, 'S');
  else if ('integer' in attribute) {
    of.create_attribute(attribute.name, attribute.integer, null, '<q');
  } else of.create_attribute(attribute.name, attribute.real, null, '<d');
}
