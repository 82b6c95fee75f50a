/** Small files that stand for much: what they cost is bounded by the file, and by what a slide can need. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import sharp from 'sharp';
import { WsiError } from '@wsi-operator/foundation';
import { openSlide } from './open-slide.ts';
import { omeImages } from './metadata/ome.ts';
import { openAlone } from './testing/open-alone.ts';
import { scratchDirectory, scratchFiles } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels, type FixtureLevel } from './tiff/testing/tiff-fixture.ts';

const scratch = scratchDirectory();
const fileOf = scratchFiles(scratch);
const MIB = 2 ** 20;
/** Of a process that opens a slide of some kilobytes, whatever is wrong with it. */
const OPENING_BYTES = 64 * MIB;
let level: FixtureLevel;
let good: Buffer;

beforeAll(async () => {
  level = await encodedLevel(paintedPixels(200, 150), { tileSide: 64, sharedTables: true });
  good = buildTiff({ levels: [level] });
});

/** Where each tag's entry of the only directory is; a little-endian classic TIFF. */
function entriesOf(file: Buffer): Map<number, number> {
  const start = file.readUInt32LE(4);
  const count = file.readUInt16LE(start);
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const at = start + 2 + index * 12;
      return [file.readUInt16LE(at), at] as const;
    }),
  );
}

/** The file with another type, number of values and value of one tag. */
function withTag(file: Buffer, tag: number, entry: { type: number; count: number; value: number }): Buffer {
  const changed = Buffer.from(file);
  const at = entriesOf(file).get(tag)!;
  changed.writeUInt16LE(entry.type, at + 2);
  changed.writeUInt32LE(entry.count, at + 4);
  changed.writeUInt32LE(entry.value, at + 8);
  return changed;
}

describe('very long TIFF tags', () => {
  const LONG = 64 * MIB;

  it.each([
    ['the width', 256],
    ['bits a sample', 258],
    ['the tile offsets', 324],
    ['the number of channels', 277],
    ['the tables of JPEG', 347],
  ])('take little memory: %s of 64 MiB', async (_, tag) => {
    const path = await fileOf(
      'long-tag.tif',
      Buffer.concat([withTag(good, tag, { type: 1, count: LONG, value: good.length }), Buffer.alloc(LONG)]),
    );
    const { message, peakBytes } = await openAlone(path, 'tiff');
    expect(message).toContain(path);
    // OpenSlide, which is asked next, reads some of them whole.
    expect(peakBytes).toBeLessThan(OPENING_BYTES + 3 * LONG);
  });

  it('that many directories share are read once', async () => {
    const tiles = 256 * 1024;
    // One tile, listed a quarter of a million times, in 500 directories that use the same lists.
    const body = Buffer.concat([Buffer.alloc(8), level.tiles[0]!]);
    const [offsets, counts] = [8, level.tiles[0]!.length].map((value) => {
      return Buffer.from(new Uint32Array(tiles).fill(value).buffer);
    }) as [Buffer, Buffer];
    const parts = [body, offsets, counts];
    let position = body.length + offsets.length + counts.length;
    for (let page = 0; page < 500; page++) {
      const entries: (readonly [tag: number, type: number, count: number, value: number])[] = [
        [256, 4, 1, 64 * 512],
        [257, 4, 1, 64 * 512 - page],
        [258, 3, 1, 8],
        [259, 3, 1, 7],
        [262, 3, 1, 6],
        [277, 3, 1, 3],
        [322, 4, 1, 64],
        [323, 4, 1, 64],
        [324, 4, tiles, body.length],
        [325, 4, tiles, body.length + offsets.length],
      ];
      const table = Buffer.alloc(2 + entries.length * 12 + 4);
      table.writeUInt16LE(entries.length, 0);
      for (const [index, [tag, type, count, value]] of entries.entries()) {
        table.writeUInt16LE(tag, 2 + index * 12);
        table.writeUInt16LE(type, 4 + index * 12);
        table.writeUInt32LE(count, 6 + index * 12);
        table.writeUInt32LE(value, 10 + index * 12);
      }
      const next = position + table.length;
      table.writeUInt32LE(page === 499 ? 0 : next, table.length - 4);
      parts.push(table);
      position = next;
    }
    const file = Buffer.concat(parts);
    file.write('II*\0', 'latin1');
    file.writeUInt32LE(body.length + offsets.length + counts.length, 4);
    const { peakBytes } = await openAlone(await fileOf('shared-lists.tif', file), 'tiff');
    expect(peakBytes).toBeLessThan(OPENING_BYTES);
  });

  it('of unterminated comments are parsed in linear time', () => {
    const cost = (comments: number): number => {
      const text = `<OME>${'<!--'.repeat(comments)}`;
      const started = performance.now();
      expect(omeImages(text)).toEqual([]);
      return performance.now() - started;
    };
    // The least of several: a machine that does something else in between only adds to one.
    const least = (comments: number): number => Math.min(...Array.from({ length: 5 }, () => cost(comments)));
    // A hundred times the text takes some hundred times the time, not ten thousand times.
    expect(least(200_000)).toBeLessThan(2000 * Math.max(least(2000), 0.05));
  });
});

describe('tiles that are larger than declared', () => {
  it('cannot exhaust memory by a declared width of a billion pixels', async () => {
    const path = await fileOf('wide.tif', withTag(good, 322, { type: 4, count: 1, value: 1_761_607_744 }));
    for (const reader of ['openslide', 'auto', 'tiff'] as const) {
      const { code, message, peakBytes } = await openAlone(path, reader);
      expect(code).toMatch(/^Slide/u);
      expect(message).toMatch(/1761607744/u);
      expect(peakBytes).toBeLessThan(OPENING_BYTES);
    }
  });

  it.each([
    ['openslide', 'JPEG of 60,000 x 60,000 pixels', 7, () => grown(level.tiles[0]!)],
    ['tiff', 'JPEG of 60,000 x 60,000 pixels', 7, () => grown(level.tiles[0]!)],
    ['tiff', 'WebP of 16,383 x 16,383 pixels', 50_001, largeWebp],
    ['tiff', 'SVG in place of WebP', 50_001, () => SVG],
  ] as const)('are refused by %s: %s in tiles of 64 x 64', async (reader, _, compression, tileOf) => {
    const tile = await tileOf();
    const file = buildTiff({ levels: [{ ...level, tiles: level.tiles.map(() => tile) }] });
    const path = await fileOf('inside.tif', withTag(file, 259, { type: 3, count: 1, value: compression }));
    const { code, peakBytes } = await openAlone(path, reader);
    expect(code).toBe('SlideUnreadable');
    expect(peakBytes).toBeLessThan(OPENING_BYTES);
  });

  it.each([
    ['deflate', 8, deflateSync],
    ['Zstandard', 50_000, zstdCompressSync],
  ] as const)('are not inflated: %s of 64 MiB in tiles of 64 x 64', async (_, compression, compress) => {
    const bomb = compress(Buffer.alloc(64 * MIB));
    const file = buildTiff({ levels: [{ ...level, tiles: level.tiles.map(() => bomb) }] });
    const rgb = withTag(file, 262, { type: 3, count: 1, value: 2 });
    const path = await fileOf('inflated.tif', withTag(rgb, 259, { type: 3, count: 1, value: compression }));
    for (const reader of ['tiff', 'auto'] as const) {
      const { peakBytes } = await openAlone(path, reader);
      expect(peakBytes).toBeLessThan(OPENING_BYTES);
    }
  });
});

const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"></svg>');

/** The tile with another size in its frame. */
function grown(tile: Buffer): Buffer {
  const changed = Buffer.from(tile);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(60_000, frame + 5);
  changed.writeUInt16BE(60_000, frame + 7);
  return changed;
}

/** Of one colour; its header says another size. */
async function largeWebp(): Promise<Buffer> {
  const small = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } })
    .webp({ lossless: true })
    .toBuffer();
  const at = small.indexOf('VP8L') + 9;
  const side = 16_383;
  // 14 bits of width - 1, 14 bits of height - 1.
  small.writeUInt32LE(((side - 1) | ((side - 1) << 14) | (small.readUInt32LE(at) & 0xf0000000)) >>> 0, at);
  return small;
}

describe('refused files', () => {
  it('leave no descriptor open, even 2,000 of them', async () => {
    const kinds: Record<string, Buffer> = {
      cut: good.subarray(0, good.length - 40),
      loop: buildTiff({ levels: [level], loop: true }),
      flat: buildTiff({ levels: [{ ...level, height: 0 }] }),
      wide: withTag(good, 322, { type: 4, count: 1, value: 1_761_607_744 }),
      uncoded: withTag(good, 259, { type: 3, count: 1, value: 33_003 }),
      channels: withTag(good, 277, { type: 3, count: 1, value: 9 }),
      leica: buildTiff({
        levels: [level],
        description:
          '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"></scn>',
      }),
      aperio: withTag(buildTiff({ levels: [level], description: 'Aperio Image Library v1|MPP = 0.5' }), 259, {
        type: 3,
        count: 1,
        value: 34_712,
      }),
    };
    const paths = await Promise.all(
      Object.entries(kinds).map(([name, bytes]) => fileOf(`refused-${name}.tif`, bytes)),
    );
    const refuse = async (path: string, reader: 'auto' | 'openslide'): Promise<void> => {
      const thrown: unknown = await openSlide(path, { reader }).then(
        (slide) => slide.close(),
        (error: unknown) => error,
      );
      if (!(thrown instanceof WsiError))
        throw new Error(`${path} was opened by ${reader}`, { cause: thrown });
    };
    const open = (): number => readdirSync('/proc/self/fd').length;
    for (const path of paths) await refuse(path, 'auto');
    const before = open();
    for (let count = 0; count < 2000; count++) {
      const reader = count % 3 === 0 ? 'openslide' : 'auto';
      await refuse(paths[count % paths.length]!, reader);
    }
    expect(open()).toBe(before);
  });
});
