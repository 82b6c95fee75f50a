/**
 * Patches per second: the fast path and OpenSlide, both from Node, beside OpenSlide in Python. All read the same
 * patches in the order of training from a cold cache, in turns on this machine, and must give the same bytes.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { WsiError } from '@wsi-operator/foundation';
import { openSlide, tileGrid, TileReader } from '@wsi-operator/slides';
import { readSetup } from '@wsi-operator/setup/locations';
import { Peer } from './peer.ts';

export interface TileRow {
  /** The file that was read. */
  readonly slide: string;
  readonly way: string;
  /** Decoding calls at a time. */
  readonly threads: number;
  readonly patches: number;
  /** Of the best round. */
  readonly patchesPerSecond: number;
  /** Processor time, of the best round; on a busy machine a better measure than the clock. */
  readonly cpuMillisecondsPerPatch: number;
  /** Against Python on as many threads, in the best rounds; absent without Python. */
  readonly ratioToPython?: number;
}

export interface TileBenchOptions {
  /** The slide that the mosaics are made of; the shared CMU-1-Small-Region.svs by default. */
  readonly slide?: string;
  /** A Python with openslide-python; the set-up's by default, null for none. */
  readonly python?: string | null;
  readonly rounds?: number;
  readonly patches?: number;
  readonly threads?: readonly number[];
}

const SIZE = 224;
const BATCH = 16;
const CACHE_BYTES = 64 * 2 ** 20;
/** Copies of the slide across and down in a mosaic. */
const MOSAIC = { columns: 4, rows: 3 } as const;

interface Workload {
  readonly slide: string;
  readonly coordinates: Int32Array;
}

interface Measurement {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly digest: string;
}

interface Way {
  readonly name: string;
  readonly threads: number;
  readonly measure: (workload: Workload) => Promise<Measurement>;
}

/** @throws WsiError NotFound without the slide; Internal when two ways give different pixels */
export async function benchTiles(options: TileBenchOptions = {}): Promise<TileRow[]> {
  const { rounds = 5, patches = 400, threads = [1, 4] } = options;
  const source = options.slide ?? defaultSlide();
  const python = options.python === undefined ? usablePython() : options.python;
  const peer =
    python === null
      ? undefined
      : new Peer('OpenSlide in Python', python, [join(import.meta.dirname, '../python/tiles.py')], {});
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-tiles-'));
  try {
    const ways = threads.flatMap((count) => waysOf(count, peer));
    const files = [
      { name: 'the slide itself', path: source },
      { name: 'mosaic, chroma 4:4:4', path: await mosaicOf(source, join(directory, '444.tif'), 90) },
      { name: 'mosaic, chroma 4:2:0', path: await mosaicOf(source, join(directory, '420.tif'), 80) },
    ];
    const rows: TileRow[] = [];
    for (const { name, path } of files) {
      const slide = await openSlide(path);
      const { coordinates } = await tileGrid(slide, { size: SIZE });
      await slide.close();
      const workload = { slide: path, coordinates: coordinates.subarray(0, patches * 2) };
      rows.push(...(await compare(name, workload, ways, rounds)));
    }
    return rows;
  } finally {
    await peer?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function compare(
  name: string,
  workload: Workload,
  ways: readonly Way[],
  rounds: number,
): Promise<TileRow[]> {
  const best = ways.map(() => Infinity);
  const bestCpu = ways.map(() => Infinity);
  let digest: string | undefined;
  for (let round = 0; round < rounds; round++) {
    for (const [index, way] of ways.entries()) {
      const measured = await way.measure(workload);
      digest ??= measured.digest;
      if (measured.digest !== digest) {
        throw new WsiError('Internal', `${way.name} gives other pixels than ${ways[0]!.name}.`, {
          where: name,
        });
      }
      best[index] = Math.min(best[index]!, measured.seconds);
      bestCpu[index] = Math.min(bestCpu[index]!, measured.cpuSeconds);
    }
  }
  const patches = workload.coordinates.length / 2;
  return ways.map((way, index): TileRow => {
    const reference = ways.findIndex((each) => each.name === PYTHON && each.threads === way.threads);
    const row = {
      slide: name,
      way: way.name,
      threads: way.threads,
      patches,
      patchesPerSecond: patches / best[index]!,
      cpuMillisecondsPerPatch: (bestCpu[index]! * 1000) / patches,
    };
    return reference < 0 ? row : { ...row, ratioToPython: best[reference]! / best[index]! };
  });
}

const PYTHON = 'OpenSlide in Python';

function waysOf(threads: number, peer: Peer | undefined): Way[] {
  const fromNode = (name: string, reader: 'tiff' | 'openslide'): Way => ({
    name,
    threads,
    measure: (workload) => readFromNode(workload, reader, threads),
  });
  const ways = [fromNode('fast path', 'tiff'), fromNode('OpenSlide from Node', 'openslide')];
  if (peer === undefined) return ways;
  const measure = async ({ slide, coordinates }: Workload): Promise<Measurement> => {
    const corners = Array.from({ length: coordinates.length / 2 }, (_, patch) => [
      coordinates[patch * 2],
      coordinates[patch * 2 + 1],
    ]);
    const answer = await peer.ask({ slide, size: SIZE, coordinates: corners, threads });
    const cpuSeconds = Number(answer['cpuSeconds']);
    return { seconds: Number(answer['seconds']), cpuSeconds, digest: String(answer['digest']) };
  };
  return [...ways, { name: PYTHON, threads, measure }];
}

async function readFromNode(
  { slide, coordinates }: Workload,
  reader: 'tiff' | 'openslide',
  concurrency: number,
): Promise<Measurement> {
  const tiles = new TileReader({ reader, concurrency, cacheBytes: CACHE_BYTES });
  try {
    const batches: Uint8Array[] = [];
    const started = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let at = 0; at < coordinates.length; at += BATCH * 2) {
      const part = coordinates.subarray(at, at + BATCH * 2);
      batches.push(await tiles.read({ slide, patches: { size: SIZE }, coordinates: part }));
    }
    const seconds = (performance.now() - started) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const hash = createHash('sha256');
    for (const batch of batches) hash.update(batch);
    return { seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6, digest: hash.digest('hex') };
  } finally {
    await tiles.close();
  }
}

/** A tiled JPEG pyramid of copies of the slide; sharp subsamples chroma below a quality of 90. */
async function mosaicOf(source: string, path: string, quality: number): Promise<string> {
  const slide = await openSlide(source);
  const { width, height, data } = await slide.readRegion({
    level: 0,
    x: 0,
    y: 0,
    width: slide.width,
    height: slide.height,
  });
  await slide.close();
  const raw = { width, height, channels: 3 } as const;
  const size = { width: width * MOSAIC.columns, height: height * MOSAIC.rows };
  await sharp({ create: { ...size, channels: 3, background: '#fff' }, limitInputPixels: false })
    .composite([{ input: Buffer.from(data.buffer), raw, tile: true, gravity: 'northwest' }])
    .tiff({
      compression: 'jpeg',
      quality,
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      bigtiff: true,
    })
    .toFile(path);
  return path;
}

function defaultSlide(): string {
  const shared = process.env['WSI_SHARED'] ?? join(import.meta.dirname, '../../../../shared');
  const path = join(shared, 'slides', 'CMU-1-Small-Region.svs');
  if (existsSync(path)) return path;
  throw new WsiError('NotFound', 'The slide for the benchmark is not there.', {
    where: path,
    remedy: 'Set WSI_SHARED to the directory that has slides/CMU-1-Small-Region.svs.',
  });
}

function usablePython(): string | null {
  const { pythonBench, pythonReference } = readSetup();
  return pythonBench ?? pythonReference;
}
