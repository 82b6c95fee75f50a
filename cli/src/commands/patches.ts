/** `wsi patches`: the tiles that training takes of a slide. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { decimalNumber, systemClock, wholeNumber, writeFileAtomically } from '@wsi-operator/foundation';
import { requireNone, slideError, type SlideFault } from '../slides/faults.ts';
import { givenSlides } from '../slides/given-slides.ts';
import { slidesCommand, slideSources, type SlideFlags } from '../slides/options.ts';
import { outputNames } from '../slides/output-names.ts';
import { ReadingProgress } from '../slides/reading-progress.ts';
import {
  drawTiles,
  openSlide,
  pictureOf,
  tileGrid,
  tissueMask,
  tissueSpecification,
  writePng,
  type Slide,
  type TileGrid,
  type TissueMask,
} from '@wsi-operator/slides';
import { addSlideMpp, statedResolution, type SlideMppOptions } from './slide-mpp.ts';
import { addTissueOptions, tissueOptions, writeTissue, type TissueFlags } from './tissue-options.ts';
import { printLine, standardError, standardOutput } from '../terminal/streams.ts';

const DESCRIPTION = `Write the tiles that training takes of a slide, in its order; of several slides
each into a directory of its own below DIR:

  coordinates.csv  tile, x, y (level-0 pixels of the top left corner) and the
                   part of the tile that is tissue
  overlay.png      the slide with a box around every tile
  tissue.svg       the slide with what was taken for tissue, pens, shadows and
                   so on in colours, and a legend
  tissue.json      the same in numbers, with the largest regions left out
  grid.json        the specification, the tile's size on level 0, the digest
  images/          with --images: every tile as TILE_X_Y.png

Tissue is found by its optical density against the slide's own glass, in a mask
of at most 8 micrometres a pixel (--tissue density); otsu is one threshold on the
saturation, none takes all of the slide. A pathologist's areas can narrow or
replace it (--annotations).`;

const EXAMPLES = `
Examples:
  wsi patches tumour.svs --output tiles
  wsi patches tumour.svs --output tiles --size 256 --mpp 0.5 --minimum-fraction 0.5
  wsi patches tumour.svs --output tiles --level 1 --stride 112 --images
  wsi patches tumour.svs --output tiles --tissue none
  wsi patches tumour.svs --output tiles --annotations qupath --include Tumor --exclude Necrosis
  wsi patches '/data/**/*.svs' --output tiles --mpp 0.5`;

/** Of the pictures of the slide. */
const PICTURE_SIDE = 1500;
/** Tiles that are read and written together. */
const IMAGES_AT_ONCE = 16;

interface PatchesOptions extends SlideFlags, SlideMppOptions, TissueFlags {
  readonly output: string;
  readonly size: number;
  readonly level?: number;
  readonly mpp?: number;
  readonly stride?: number;
  readonly minimumFraction: number;
  readonly images?: true;
}

export function registerPatches(program: Command): void {
  const command = slidesCommand(program, 'patches')
    .summary('write the tiles of slides: coordinates, overlay picture, images')
    .description(DESCRIPTION)
    .requiredOption('--output <dir>', 'directory to write to, made when missing')
    .option('--size <pixels>', 'side of a tile', positive, 224)
    .addOption(
      new Option('--level <n>', 'level to read (default: 0)')
        .argParser(wholeNumber({ most: 999_999_999 }))
        .conflicts('mpp'),
    )
    .addOption(new Option('--mpp <um>', 'resolution in micrometres a pixel').argParser(decimalNumber()))
    .option('--stride <pixels>', 'from one tile to the next (default: the size)', positive);
  addTissueOptions(command)
    .option('--minimum-fraction <part>', 'part of a tile that must be tissue, 0 to 1', decimalNumber(), 0.25)
    .option('--images', 'also write every tile as a PNG picture');
  addSlideMpp(command).addHelpText('after', EXAMPLES).action(patches);
}

async function patches(given: readonly string[], options: PatchesOptions): Promise<void> {
  // What is wrong with them is wrong for every slide.
  tissueOptions(options);
  const { slides, faults } = await givenSlides(given, slideSources(options));
  const found: SlideFault[] = [...faults];
  const paths = slides.map(({ path }) => path);
  const single = paths.length + faults.length === 1;
  const names = outputNames(paths);
  for (const path of paths) {
    try {
      await slidePatches(path, {
        ...options,
        output: single ? options.output : join(options.output, names.get(path)!),
      });
    } catch (error) {
      found.push({ slide: path, error: slideError(error) });
    }
  }
  requireNone(found, paths.length + faults.length - found.length, 'read');
}

async function slidePatches(path: string, options: PatchesOptions): Promise<void> {
  const slide = await openSlide(path, { stated: statedResolution(options) });
  try {
    const { output, size, level, mpp, stride, minimumFraction } = options;
    const tissue = tissueOptions(options);
    const progress = new ReadingProgress(path, standardError, systemClock);
    const mask = await tissueMask(slide, tissue, undefined, progress.onPart).finally(progress.clear);
    // Before the tiles: it matters most when there are none.
    const picture = await pictureOf(slide, PICTURE_SIDE, mask.picture, progress.onPart).finally(
      progress.clear,
    );
    standardOutput.write(await writeTissue(output, slide, { mask, picture }));
    const grid = await tileGrid(
      slide,
      { size, level, mpp, stride, tissue: { ...tissue, minimumFraction } },
      { mask },
    );
    await writePng(join(output, 'overlay.png'), drawTiles(picture, slide, grid));
    if (options.images === true) await writeImages(slide, grid, join(output, 'images'));
    await writeFileAtomically(join(output, 'coordinates.csv'), asTable(grid));
    await writeFileAtomically(
      join(output, 'grid.json'),
      `${JSON.stringify(asJson(grid, options, mask), undefined, 2)}\n`,
    );
    printLine(`${grid.count} tiles in ${output}`);
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
  options: PatchesOptions,
  mask: TissueMask,
): Record<string, unknown> {
  const { stride, minimumFraction } = options;
  const tissue = { ...tissueSpecification(tissueOptions(options), mask.annotations), minimumFraction };
  return { slide, size, ...resolution, stride: stride ?? size, tissue, footprint, count, digest };
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

const positive = wholeNumber({ least: 1, most: 999_999_999 });
