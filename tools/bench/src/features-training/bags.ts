/** Bags of random rows as files of features, and as arrays of NumPy for the other side. */
import { FeatureWriter } from '@wsi-operator/features';
import { RandomStream } from '@wsi-operator/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Bag {
  readonly name: string;
  /** 0 or 1. */
  readonly label: number;
}

export interface Bags {
  readonly bags: readonly Bag[];
  readonly table: string;
  /** `NAME.h5` for each bag. */
  readonly features: string;
  /** `NAME.npy` for each bag, with the same numbers. */
  readonly arrays: string;
}

const SIDE = 256;
/** Added to the first number of a tenth of the rows of label 1. */
const SIGNAL = 3;

/** @param shape rows of a bag, numbers of a row */
export async function writeBags(
  directory: string,
  count: number,
  shape: { readonly rows: number; readonly size: number },
): Promise<Bags> {
  const places = { features: join(directory, 'features'), arrays: join(directory, 'arrays') };
  for (const place of Object.values(places)) await mkdir(place, { recursive: true });
  const bags = Array.from({ length: count }, (_, index) => ({ name: `bag-${index}`, label: index % 2 }));
  const writer = new FeatureWriter();
  try {
    for (const [index, bag] of bags.entries()) await writeBag(bag, index, shape, { ...places, writer });
  } finally {
    await writer.close();
  }
  const table = join(directory, 'cohort.csv');
  const lines = bags.map(({ name, label }) => `${name},${name},${label === 1 ? 'yes' : 'no'},train\n`);
  await writeFile(table, `patient,slide,label,split\n${lines.join('')}`);
  return { bags, table, ...places };
}

async function writeBag(
  { name, label }: Bag,
  seed: number,
  { rows, size }: { readonly rows: number; readonly size: number },
  to: { readonly features: string; readonly arrays: string; readonly writer: FeatureWriter },
): Promise<void> {
  const stream = new RandomStream(seed, 'bag');
  const features = Float32Array.from({ length: rows * size }, () => stream.normal());
  for (let row = 0; row < rows; row += 10) features[row * size]! += label * SIGNAL;
  const across = Math.ceil(Math.sqrt(rows));
  const coordinates = Float64Array.from({ length: rows * 2 }, (_, at) => {
    const row = at >> 1;
    return SIDE * (at % 2 === 0 ? row % across : Math.floor(row / across));
  });
  await writeFile(join(to.arrays, `${name}.npy`), numpyArray(features, rows, size));
  const content = {
    ...{ layout: 'trident' as const, size, slide: name, width: across * SIDE, height: across * SIDE },
    key: {
      ...{ encoder: 'random', encoderDigest: 'random', patches: '{}' },
      ...{ slideFingerprint: name, toolVersion: '0' },
    },
    tile: { side: SIDE, level0Side: SIDE, overlap: 0 },
  };
  await to.writer.write(join(to.features, `${name}.h5`), content, [{ features, coordinates }]);
}

/** Version 1.0 of NumPy's format: a head whose length is a multiple of 64 bytes, then the numbers. */
function numpyArray(values: Float32Array, rows: number, size: number): Buffer {
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${size}), }`;
  const text = `${shape.padEnd(Math.ceil((shape.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1'), Buffer.from(values.buffer)]);
}
