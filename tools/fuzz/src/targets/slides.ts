/** What a slide is made of: directories of a TIFF, JPEG data of its tiles, headers of DICOM, OME-XML, and all of it opened. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSlide } from '@wsi-operator/slides';
import {
  buildDicom,
  buildTiff,
  type ByteSource,
  completeJpeg,
  dicomContents,
  dicomLevels,
  encodedLevel,
  inspectTiff,
  joinedJpeg,
  jpegPrefix,
  omeImages,
  paintedPixels,
  parseTile,
  readDicomSeries,
  requireInside,
  TiffDamage,
} from '@wsi-operator/slides/testing/fuzzing';
import type { FuzzTarget } from '../target.ts';

const APERIO = 'Aperio Image Library v1\r\n200x150|AppMag = 20|MPP = 0.5';
const OME =
  '<?xml version="1.0"?><OME><Instrument><Objective ID="o" NominalMagnification="20"/></Instrument><Image Name="a">' +
  '<ObjectiveSettings ID="o"/><Pixels SizeX="200" SizeY="150" SizeC="3" SizeZ="1" SizeT="1" PhysicalSizeX="0.5">' +
  '<Channel SamplesPerPixel="3"/><TiffData IFD="0" FirstZ="0"/></Pixels></Image></OME>';

async function tiffs(): Promise<Buffer[]> {
  const level = await encodedLevel(paintedPixels(200, 150), { tileSide: 64, sharedTables: true });
  const small = await encodedLevel(paintedPixels(100, 75), { tileSide: 64, sharedTables: true });
  const levels = [level, small];
  return [
    buildTiff({ levels }),
    buildTiff({ levels, description: APERIO }),
    buildTiff({ levels, bigTiff: true, subDirectories: true, description: OME }),
    buildTiff({ levels, littleEndian: false }),
    // The directories alone, at the beginning of what is read.
    buildTiff({
      levels: [{ ...level, tiles: level.tiles.map(() => Buffer.from([0xff, 0xd8, 0xff, 0xd9])) }],
    }),
  ];
}

const TIFF_WORDS = ['II*\0', 'MM\0*', 'II+\0', APERIO, OME, '\u0001\u0001\u0000\u0004', '\xff\xd8\xff'];

function inMemory(input: Buffer): ByteSource {
  return {
    remote: false,
    size: input.length,
    read: async (position, length) => {
      requireInside({ size: input.length }, { position, length }, 'input.tif');
      return Buffer.from(input.subarray(position, position + length));
    },
    close: () => Promise.resolve(),
  };
}

const directories: FuzzTarget = {
  name: 'tiff-directories',
  seeds: tiffs,
  words: TIFF_WORDS,
  run: async (input) => {
    const { damage } = await inspectTiff(inMemory(input));
    if (damage !== undefined) throw damage;
  },
  accepts: (error) => error instanceof TiffDamage,
};

const jpegTables: FuzzTarget = {
  name: 'jpeg-tables',
  seeds: async () => {
    const { tiles, jpegTables: tables } = await encodedLevel(paintedPixels(64, 64), {
      tileSide: 64,
      sharedTables: true,
    });
    return [...tiles, tables!];
  },
  words: [
    '\xff\xd8',
    '\xff\xd9',
    '\xff\xda\0\x0c\x03',
    '\xff\xc0\0\x11\x08',
    '\xff\xdd\0\x04',
    '\xff\xff',
    '\xff\xe0',
  ],
  run: async (input) => {
    const prefix = jpegPrefix(input, true);
    const tile = parseTile(input, 64, 64);
    joinedJpeg(prefix, [tile, tile, tile]);
    completeJpeg(prefix, tile);
  },
  accepts: (error) => error instanceof TiffDamage,
};

const omeXml: FuzzTarget = {
  name: 'ome-xml',
  seeds: async () => [Buffer.from(OME)],
  words: [
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<Image Name="',
    '<Pixels ',
    '&#x10ffff;',
    '&amp;',
    "'",
    '="',
    ' a="b"',
  ],
  run: async (input) => {
    omeImages(input.toString('utf8'));
  },
};

async function dicomSeeds(): Promise<Buffer[]> {
  const { tiles } = await encodedLevel(paintedPixels(64, 64), { tileSide: 32 });
  return [buildDicom({ width: 64, height: 64, tileSide: 32, frames: tiles })];
}

/** Files are written: some parsers take nothing else. */
function inFile(
  name: string,
  file: string,
  target: Omit<FuzzTarget, 'name' | 'run' | 'close'>,
  parse: (path: string) => Promise<void>,
): FuzzTarget {
  let folder: Promise<string> | undefined;
  return {
    ...target,
    name,
    run: async (input) => {
      folder ??= mkdtemp(join(tmpdir(), 'wsi-fuzz-'));
      const path = join(await folder, file);
      await writeFile(path, input);
      await parse(path);
    },
    close: async () => {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
    },
  };
}

const dicom = inFile(
  'dicom',
  'slide.dcm',
  {
    seeds: dicomSeeds,
    words: [
      'DICM',
      'SQ',
      'UN\0\0\xff\xff\xff\xff',
      '\xfe\xff\0\xe0\xff\xff\xff\xff',
      '\x02\0\x10\0UI',
      '1.2.840.10008.1.2.1',
    ],
  },
  async (path) => {
    const series = await readDicomSeries(path);
    if (series === undefined) return;
    dicomLevels(series)([{ width: 4, height: 4, downsample: 1 }]);
    await dicomContents(series);
  },
);

const slide = inFile('slide', 'slide.tif', { seeds: tiffs, words: TIFF_WORDS }, async (path) => {
  const opened = await openSlide(path);
  try {
    const { width, height, levels } = opened;
    for (const level of levels.keys()) {
      await opened.readRegion({
        level,
        x: 0,
        y: 0,
        width: Math.min(width, 200),
        height: Math.min(height, 150),
      });
    }
  } finally {
    await opened.close();
  }
});

export const slideTargets: readonly FuzzTarget[] = [directories, jpegTables, omeXml, dicom, slide];
