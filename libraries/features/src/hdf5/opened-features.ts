/**
 * A file of features that is open, with everything about it checked that its header says. Numbers are checked as they are
 * read.
 *
 * Shapes: N rows, one a tile; D numbers a row. A dataset `features` may be [1, N, D].
 */
import type { Dataset, File } from 'h5wasm/node';
import { statSync } from 'node:fs';
import { ownText, publicText } from '@wsi-operator/foundation';
import { otherFloats, unreadable, unsupported, withoutRows, type Place } from '../feature-errors.ts';
import type { FeatureFile } from '../feature-file.ts';
import { ATTRIBUTES, meaningOf, type Attributes } from '../layouts/layout.ts';
import { requireReadableChunks } from './chunks.ts';
import { hasHalfFloatsOnly } from './half-floats.ts';
import { datasetOf, hdf5, openHdf5, readBytes } from './library.ts';
import { firstNotFinite, numberType, toFloat32, toFloat64, type NumberType } from './numbers.ts';

const MOST_ROWS = 4_000_000;
const MOST_NUMBERS = 65_536;
const MOST_ATTRIBUTE_BYTES = 65_536;
/** Deflate makes data up to 1032 times smaller. */
const MOST_COMPRESSION = 1040;
/** What is read at once, unless one chunk of the file is more. */
const SLAB_BYTES = 16 * 2 ** 20;
/** A slide has fewer pixels a side: int32 holds all coordinates. */
const MOST_PIXELS = 2 ** 31 - 1;

interface Numbers {
  readonly dataset: Dataset;
  readonly place: Place;
  readonly type: NumberType;
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
}

export class OpenedFeatures {
  readonly file: FeatureFile;
  readonly #path: string;
  readonly #bytes: number;
  readonly #open: File;
  readonly #features: Numbers;
  readonly #coords: Numbers;

  /** @throws WsiError `SlideUnreadable`, `SlideUnsupported` or `NoTissue`, each with the file and what to do */
  constructor(path: string) {
    this.#path = path;
    // A file that is not there has another message.
    this.#bytes = statSync(path).size;
    const open = openHdf5(path, 'r');
    if (open === undefined) {
      throw unreadable(
        path,
        publicText`the file is no HDF5 file, or it is truncated or damaged.`,
        publicText`Copy it again from where it was made, or extract the slide's features again.`,
      );
    }
    this.#open = open;
    try {
      const name = this.#featuresName();
      this.#features = this.#numbers(name);
      this.#coords = this.#numbers('coords');
      this.file = this.#describe(name);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#open.close();
  }

  /** Rows from `start` on, float32 [count, D]. */
  rows(start: number, count: number): Float32Array {
    const { rows, size } = this.file;
    if (
      !Number.isInteger(start) ||
      !Number.isInteger(count) ||
      start < 0 ||
      count < 0 ||
      start + count > rows
    ) {
      throw unreadable(
        this.#path,
        publicText`it has ${rows} rows, but rows up to ${start + count} were expected.`,
      );
    }
    const values = new Float32Array(count * size);
    for (let done = 0; done < count;) {
      const now = Math.min(count - done, this.#slabRows());
      values.set(this.#slab(start + done, now), done * size);
      done += now;
    }
    return values;
  }

  /** All rows in parts of bounded size, in order. */
  *parts(): Generator<Float32Array> {
    const { rows } = this.file;
    for (let start = 0; start < rows; start += this.#slabRows()) {
      yield this.#slab(start, Math.min(rows - start, this.#slabRows()));
    }
  }

  /** Reads the whole file where it has floats of two bytes. @throws WsiError `SlideUnsupported` when they are no half floats */
  requireHalfFloats(): void {
    const place = [this.#features, this.#coords].find(({ type }) => type === 'float16')?.place;
    if (place === undefined || hasHalfFloatsOnly(this.#path)) return;
    throw otherFloats(this.#path, place);
  }

  /** [N, 2]; checked against the unit and the slide. */
  coordinates(): Float64Array {
    const { rows, width, height, coordinates } = this.file;
    const { dataset, type } = this.#coords;
    const bytes = readBytes(dataset, [0, 0], [rows, 2]);
    if (bytes === undefined) throw this.#damaged('coords');
    const values = toFloat64(bytes, type, dataset.metadata.size);
    const limits = [width ?? MOST_PIXELS, height ?? MOST_PIXELS];
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      const row = index >> 1;
      if (!Number.isFinite(value)) {
        throw unreadable(this.#path, publicText`coords, row ${row}: the coordinate is not a number.`);
      }
      if (value < 0 || value > limits[index & 1]!) {
        throw unreadable(
          this.#path,
          publicText`coords, row ${row}: the coordinate lies outside the slide.`,
          publicText`Coordinates of TRIDENT and CLAM are level-0 pixels, those of STAMP micrometres: extract the features again.`,
        );
      }
      if (coordinates.unit === 'pixels' && !Number.isInteger(value)) {
        throw unreadable(
          this.#path,
          publicText`coords, row ${row}: the coordinate is a fraction, so the unit is not level-0 pixels.`,
          publicText`Files with coordinates in micrometres must be in STAMP's layout, which says its unit.`,
        );
      }
    }
    return values;
  }

  #slab(start: number, count: number): Float32Array {
    const { size } = this.file;
    const { dataset, place, type, shape } = this.#features;
    const bytes =
      shape.length === 3
        ? readBytes(dataset, [0, start, 0], [1, count, size])
        : readBytes(dataset, [start, 0], [count, size]);
    if (bytes === undefined) throw this.#damaged(place);
    const values = toFloat32(bytes, type, dataset.metadata.size);
    const wrong = firstNotFinite(values);
    if (wrong >= 0) {
      const row = start + Math.floor(wrong / size);
      throw unreadable(
        this.#path,
        publicText`${ownText(place)}, row ${row}, number ${wrong % size}: the value is not finite (NaN, infinite, or too large for float32).`,
      );
    }
    return values;
  }

  /** Whole chunks, so that none is decompressed twice. */
  #slabRows(): number {
    const { dataset, shape } = this.#features;
    const { chunks, size } = dataset.metadata;
    const rows = Math.max(1, Math.floor(SLAB_BYTES / (this.file.size * Math.max(4, size))));
    const chunk = chunks?.[shape.length - 2];
    return chunk === undefined ? rows : Math.max(1, Math.floor(rows / chunk)) * chunk;
  }

  #featuresName(): 'features' | 'feats' {
    const there = (['features', 'feats'] as const).filter(
      (name) => datasetOf(this.#open, name) !== undefined,
    );
    const [name] = there;
    if (name !== undefined && there.length === 1) return name;
    throw unsupported(
      this.#path,
      name === undefined
        ? publicText`the file has neither a dataset features (TRIDENT, CLAM) nor a dataset feats (STAMP).`
        : publicText`the file has a dataset features (TRIDENT, CLAM) and a dataset feats (STAMP): which one counts is not known.`,
      publicText`Write the features in the layout of TRIDENT, CLAM or STAMP.`,
    );
  }

  #numbers(place: Place): Numbers {
    const dataset = datasetOf(this.#open, place);
    if (dataset === undefined) {
      throw unsupported(
        this.#path,
        publicText`the file has no dataset ${ownText(place)}.`,
        publicText`Write the features in the layout of TRIDENT, CLAM or STAMP, with the coordinates of the tiles.`,
      );
    }
    const { shape, type, size, signed, virtual_sources: virtual } = dataset.metadata;
    const numbers = numberType(type, size, signed);
    const features = place !== 'coords';
    if (numbers === undefined || (features && !numbers.startsWith('float'))) {
      throw unsupported(
        this.#path,
        publicText`${ownText(place)} has values of a type that is not read.`,
        publicText`Write features as float16, float32 or float64, and coordinates as integers or floats.`,
      );
    }
    if (virtual !== undefined) {
      throw unsupported(
        this.#path,
        publicText`${ownText(place)} is a virtual dataset, whose numbers are in other files.`,
        publicText`Copy the numbers into the file itself.`,
      );
    }
    const expected = features ? '[N, D] or [1, N, D]' : '[N, 2]';
    if (shape === null || !rightShape(place, shape)) {
      throw unsupported(
        this.#path,
        publicText`${ownText(place)} has the shape ${ownText(`[${shape?.slice(0, 8).join(', ') ?? ''}]`)}, not ${ownText(expected)}.`,
        publicText`Write one row a tile, and the coordinates x and y of each.`,
      );
    }
    requireReadableChunks(this.#path, place, dataset);
    return { dataset, place, type: numbers, shape };
  }

  #describe(name: 'features' | 'feats'): FeatureFile {
    const path = this.#path;
    const [size = 0, rows = 0] = [...this.#features.shape].reverse();
    const [places = 0] = this.#coords.shape;
    if (rows === 0) throw withoutRows(path);
    if (rows !== places) {
      throw unreadable(path, publicText`${ownText(name)} has ${rows} rows, but coords has ${places}.`);
    }
    if (rows > MOST_ROWS || size > MOST_NUMBERS || size === 0) {
      throw unsupported(
        path,
        publicText`${ownText(name)} says that it has ${rows} rows of ${size} numbers; up to ${MOST_ROWS} rows of 1 to ${MOST_NUMBERS} are read.`,
        publicText`Check how the file was made: no slide has so many tiles, and no encoder such embeddings.`,
      );
    }
    if (rows * size * this.#features.dataset.metadata.size > this.#bytes * MOST_COMPRESSION) {
      throw unreadable(
        path,
        publicText`${ownText(name)} says that it has ${rows} rows of ${size} numbers, but the file is too small to hold them.`,
        publicText`It was not written to its end: extract the slide's features again.`,
      );
    }
    const found = {
      file: this.#attributes('/', ATTRIBUTES.file),
      features: this.#attributes(name, ATTRIBUTES.features),
      coords: this.#attributes('coords', ATTRIBUTES.coords),
    };
    const meaning = meaningOf(name === 'feats' ? 'stamp' : 'pixels', found);
    if ('wrongUnit' in meaning) {
      throw unsupported(
        path,
        meaning.wrongUnit === undefined
          ? publicText`the file does not say the unit of coords.`
          : `coords is in the unit '${meaning.wrongUnit.slice(0, 40)}'.`,
        publicText`TRIDENT and CLAM have level-0 pixels; STAMP has micrometres, with the attribute unit = um of the file. Extract the features again, or add the attribute if it is missing.`,
      );
    }
    return { rows, size, ...meaning };
  }

  #attributes(of: string, names: readonly string[]): Attributes {
    const id = this.#open.file_id;
    const there = new Set(hdf5.get_attribute_names(id, of));
    const object = of === '/' ? this.#open : datasetOf(this.#open, of)!;
    const values = names.flatMap((name): [string, string | number][] => {
      if (!there.has(name)) return [];
      const { size, total_size: count } = hdf5.get_attribute_metadata(id, of, name);
      if (size * count > MOST_ATTRIBUTE_BYTES || count !== 1) return [];
      const value = object.get_attribute(name, true);
      const one = Array.isArray(value) ? value[0] : value;
      return typeof one === 'string' || typeof one === 'number' ? [[name, one]] : [];
    });
    return Object.fromEntries(values);
  }

  #damaged(place: Place): Error {
    return unreadable(
      this.#path,
      publicText`${ownText(place)} cannot be read: the file is truncated or damaged, or its numbers are in another file.`,
      publicText`Copy it again from where it was made, or extract the slide's features again.`,
    );
  }
}

function rightShape(place: Place, shape: readonly number[]): boolean {
  if (place === 'coords') return shape.length === 2 && shape[1] === 2;
  return shape.length === 2 || (shape.length === 3 && shape[0] === 1);
}
