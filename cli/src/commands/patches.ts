/** `wsi patches`: the tiles that training takes of a slide. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFileAtomically } from '@wsi/foundation';
import {
  drawTiles,
  openSlide,
  tileGrid,
  writePng,
  type Slide,
  type TileGrid,
  type TissueMethod,
} from '@wsi/slides';

const DESCRIPTION = `Write the tiles that training takes of a slide, in its order:

  coordinates.csv  tile, x, y (level-0 pixels of the top left corner) and the
                   part of the tile that is tissue
  overlay.png      the slide with a box around every tile
  grid.json        the specification, the tile's size on level 0, the digest
  images/          with --images: every tile as TILE_X_Y.png

Tissue is found on a picture of at most 1500 pixels by Otsu's threshold on the
saturation, with guards for pens, black frames and slides without tissue.`;

const EXAMPLES = `
Examples:
  wsi patches tumour.svs --output tiles
  wsi patches tumour.svs --output tiles --size 256 --mpp 0.5 --minimum-fraction 0.5
  wsi patches tumour.svs --output tiles --level 1 --stride 112 --images
  wsi patches tumour.svs --output tiles --tissue none`;

const OVERLAY_SIDE = 1500;
/** Tiles that are read and written together. */
const IMAGES_AT_ONCE = 16;

interface PatchesOptions {
  readonly output: string;
  readonly size: number;
  readonly level?: number;
  readonly mpp?: number;
  readonly stride?: number;
  readonly tissue: TissueMethod;
  readonly minimumFraction: number;
  readonly images?: true;
}

export function registerPatches(program: Command): void {
  program
    .command('patches')
    .summary('write the tiles of a slide: coordinates, overlay picture, images')
    .description(DESCRIPTION)
    .argument('<slide>', 'slide file')
    .requiredOption('--output <dir>', 'directory to write to, made when missing')
    .option('--size <pixels>', 'side of a tile', positive, 224)
    .addOption(new Option('--level <n>', 'level to read (default: 0)').argParser(natural).conflicts('mpp'))
    .addOption(new Option('--mpp <um>', 'resolution in micrometres a pixel').argParser(decimal))
    .option('--stride <pixels>', 'from one tile to the next (default: the size)', positive)
    .addOption(
      new Option('--tissue <method>', 'how tissue is found').choices(['otsu', 'none']).default('otsu'),
    )
    .option('--minimum-fraction <part>', 'part of a tile that must be tissue, 0 to 1', decimal, 0.25)
    .option('--images', 'also write every tile as a PNG picture')
    .addHelpText('after', EXAMPLES)
    .action(patches);
}

async function patches(path: string, options: PatchesOptions): Promise<void> {
  const slide = await openSlide(path);
  try {
    const { output, size, level, mpp, stride, tissue: method, minimumFraction } = options;
    const grid = await tileGrid(slide, { size, level, mpp, stride, tissue: { method, minimumFraction } });
    await writePng(join(output, 'overlay.png'), drawTiles(await slide.thumbnail(OVERLAY_SIDE), slide, grid));
    if (options.images === true) await writeImages(slide, grid, join(output, 'images'));
    await writeFileAtomically(join(output, 'coordinates.csv'), asTable(grid));
    await writeFileAtomically(
      join(output, 'grid.json'),
      `${JSON.stringify(asJson(grid, options), undefined, 2)}\n`,
    );
    process.stdout.write(`${grid.count} tiles in ${output}\n`);
  } finally {
    await slide.close();
  }
}

function asTable({ count, coordinates, tissueFraction }: TileGrid): string {
  const lines = ['tile,x,y,tissue_fraction'];
  for (let tile = 0; tile < count; tile++) {
    const x = coordinates[tile * 2]!;
    const y = coordinates[tile * 2 + 1]!;
    lines.push(`${tile},${x},${y},${tissueFraction[tile]!.toFixed(4)}`);
  }
  return `${lines.join('\n')}\n`;
}

function asJson(
  { slide, size, resolution, footprint, count, digest }: TileGrid,
  { stride, tissue, minimumFraction }: PatchesOptions,
): Record<string, unknown> {
  const method = { method: tissue, minimumFraction };
  return { slide, size, ...resolution, stride: stride ?? size, tissue: method, footprint, count, digest };
}

async function writeImages(slide: Slide, grid: TileGrid, directory: string): Promise<void> {
  const { size, coordinates, count, resolution } = grid;
  const bytes = size * size * 3;
  for (let first = 0; first < count; first += IMAGES_AT_ONCE) {
    const part = coordinates.subarray(first * 2, (first + IMAGES_AT_ONCE) * 2);
    const pixels = await slide.readPatches({ ...resolution, size, coordinates: part });
    const writing = Array.from({ length: part.length / 2 }, (_, at) => {
      const name = `${first + at}_${part[at * 2]!}_${part[at * 2 + 1]!}.png`;
      const data = pixels.subarray(at * bytes, (at + 1) * bytes);
      return writePng(join(directory, name), { width: size, height: size, data });
    });
    await Promise.all(writing);
  }
}

function natural(text: string): number {
  if (!/^\d{1,9}$/u.test(text)) throw new InvalidArgumentError('It must be a whole number of at least 0.');
  return Number(text);
}

function positive(text: string): number {
  const value = natural(text);
  if (value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}
