/** `wsi inspect`: what a slide file is. */
import type { Command } from 'commander';
import { openSlide, type Slide } from '@wsi-operator/slides';
import { formatTable } from '../cluster/table.ts';
import { requireNone, slideError, type SlideFault } from '../slides/faults.ts';
import { givenSlides } from '../slides/given-slides.ts';
import { slidesCommand, slideSources, SLIDES_HELP, type SlideFlags } from '../slides/options.ts';
import { addSlideMpp, statedResolution, type SlideMppOptions } from './slide-mpp.ts';
import { printLine, standardOutput } from '../terminal/streams.ts';

const EXAMPLES = `
Examples:
  wsi inspect tumour.svs
  wsi inspect tumour.svs --json | jq .mpp
  wsi inspect biopsy.ndpi --properties
  wsi inspect /data/slides
  wsi inspect cohort.csv --slides /data/slides --json`;

interface InspectOptions extends SlideFlags, SlideMppOptions {
  readonly json?: true;
  readonly properties?: true;
}

export function registerInspect(program: Command): void {
  addSlideMpp(slidesCommand(program, 'inspect'))
    .summary('show what slide files are')
    .description(
      'Show the format, size, resolution and levels of slides, and how they are read: fast\n' +
        '(JPEG-tiled TIFF and SVS) or by OpenSlide (everything else that it knows: NDPI,\n' +
        'MRXS, SCN, BIF, DICOM and others). Several slides are a table, a row each; what is\n' +
        'wrong with some of them is reported at the end.\n\n' +
        SLIDES_HELP,
    )
    .option('--json', 'print JSON with all properties of the file; of several slides a line each')
    .option('--properties', 'also print all properties of the file')
    .addHelpText('after', EXAMPLES)
    .action(inspect);
}

async function inspect(given: readonly string[], options: InspectOptions): Promise<void> {
  const { slides, faults } = await givenSlides(given, slideSources(options));
  const found: SlideFault[] = [...faults];
  const single = slides.length + faults.length === 1;
  const rows: string[][] = [];
  for (const { path } of slides) {
    try {
      const slide = await openSlide(path, { stated: statedResolution(options) });
      try {
        if (options.json === true) print(JSON.stringify(asJson(slide), undefined, single ? 2 : 0));
        else if (single) print(asText(slide, options));
        else if (options.properties === true) print(`${asText(slide, options)}\n`);
        else rows.push(asRow(slide));
      } finally {
        await slide.close();
      }
    } catch (error) {
      found.push({ slide: path, error: slideError(error) });
    }
  }
  if (rows.length > 0) standardOutput.write(formatTable(HEADERS, rows));
  requireNone(found, slides.length + faults.length - found.length, 'read');
}

const HEADERS = ['FORMAT', 'READ BY', 'SIZE', 'UM/PX', 'OBJECTIVE', 'LEVELS', 'SLIDE'];

function asRow({ format, reader, width, height, mpp, objectivePower, levels, path }: Slide): string[] {
  return [
    format,
    reader === 'tiff' ? 'TIFF reader' : 'OpenSlide',
    `${width} x ${height}`,
    mpp === undefined ? '-' : micrometres(mpp),
    objectivePower === undefined ? '-' : `${objectivePower}x`,
    String(levels.length),
    path,
  ];
}

function print(text: string): void {
  printLine(text);
}

function asJson(slide: Slide): Record<string, unknown> {
  const { path, format, reader, width, height, levels, mpp, objectivePower, fingerprint, properties } = slide;
  return {
    path,
    format,
    reader,
    width,
    height,
    levels,
    mpp: mpp ?? null,
    mppSource: slide.resolution.source ?? null,
    notes: slide.notes,
    objectivePower: objectivePower ?? null,
    fingerprint,
    properties,
  };
}

function asText(slide: Slide, options: InspectOptions): string {
  const { mpp, objectivePower, reader } = slide;
  const resolution =
    mpp === undefined
      ? 'unknown (state it with --slide-mpp, or use levels)'
      : `${micrometres(mpp)} um/px, ${slide.resolution.source}`;
  const lines = [
    `slide       ${slide.path}`,
    `format      ${slide.format}`,
    `read by     ${reader === 'tiff' ? 'the TIFF reader' : 'OpenSlide'}`,
    `size        ${slide.width} x ${slide.height} px`,
    `resolution  ${resolution}`,
    `objective   ${objectivePower === undefined ? 'unknown' : `${objectivePower}x`}`,
    `fingerprint ${slide.fingerprint}`,
    'levels',
    ...slide.levels.map(
      ({ width, height, downsample }, level) =>
        `  ${level}: ${width} x ${height} px, downsample ${Number(downsample.toFixed(4))}`,
    ),
    ...(slide.notes.length === 0 ? [] : ['notes', ...slide.notes.map((note) => `  ${note}`)]),
  ];
  if (options.properties === true) {
    lines.push('properties');
    for (const [name, value] of Object.entries(slide.properties).sort(([a], [b]) => (a < b ? -1 : 1))) {
      lines.push(`  ${name} = ${value.replaceAll(/\s*\n\s*/gu, ' ')}`);
    }
  }
  return lines.join('\n');
}

function micrometres({ x, y }: { x: number; y: number }): string {
  const rounded = (value: number): string => String(Number(value.toFixed(4)));
  return x === y ? rounded(x) : `${rounded(x)} x ${rounded(y)}`;
}
