/** `wsi region`: a part of a slide as a picture. */
import { type Command, Option } from 'commander';
import { decimalNumber, wholeNumber } from '@wsi-operator/foundation';
import { openSlide, writePng } from '@wsi-operator/slides';
import { addSlideMpp, statedResolution, type SlideMppOptions } from './slide-mpp.ts';
import { printLine } from '../terminal/streams.ts';

const EXAMPLES = `
Examples:
  wsi region tumour.svs --x 12000 --y 8000 --width 1024 --height 768 --output region.png
  wsi region tumour.svs --x 0 --y 0 --width 2000 --height 2000 --level 2 --output low.png
  wsi region tumour.svs --x 12000 --y 8000 --width 512 --height 512 --mpp 1 --output 10x.png`;

interface RegionOptions extends SlideMppOptions {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly level?: number;
  readonly mpp?: number;
  readonly output: string;
}

export function registerRegion(program: Command): void {
  const command = program
    .command('region')
    .summary('write a part of a slide as a PNG picture')
    .description(
      'Write a part of a slide as a PNG picture, at a level of the file (its own pixels, the\n' +
        'default is level 0) or at a resolution in micrometres a pixel (the best level, resampled\n' +
        'by area; as it is when it is within 1%). What is outside the slide is white.',
    )
    .argument('<slide>', 'slide file')
    .requiredOption('--x <pixels>', 'left edge, in level-0 pixels', pixels)
    .requiredOption('--y <pixels>', 'top edge, in level-0 pixels', pixels)
    .requiredOption('--width <pixels>', 'width of the picture, in its own pixels', pixels)
    .requiredOption('--height <pixels>', 'height of the picture, in its own pixels', pixels)
    .addOption(new Option('--level <n>', 'level to read').argParser(pixels).conflicts('mpp'))
    .addOption(new Option('--mpp <um>', 'micrometres a pixel').argParser(decimalNumber()))
    .requiredOption('--output <file.png>', 'picture to write');
  addSlideMpp(command).addHelpText('after', EXAMPLES).action(region);
}

async function region(path: string, options: RegionOptions): Promise<void> {
  const { x, y, width, height, level, mpp, output } = options;
  const slide = await openSlide(path, { stated: statedResolution(options) });
  try {
    const pixels =
      mpp === undefined
        ? await slide.readRegion({ level: level ?? 0, x, y, width, height })
        : await slide.readAtMpp({ mpp, x, y, width, height });
    await writePng(output, pixels);
    printLine(output);
  } finally {
    await slide.close();
  }
}

const pixels = wholeNumber({ least: -(1e15 - 1), most: 1e15 - 1 });
