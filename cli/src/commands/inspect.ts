/** `wsi inspect`: what a slide file is. */
import type { Command } from 'commander';
import { openSlide, type Slide } from '@wsi/slides';

const EXAMPLES = `
Examples:
  wsi inspect tumour.svs
  wsi inspect tumour.svs --json | jq .mpp
  wsi inspect biopsy.ndpi --properties`;

interface InspectOptions {
  readonly json?: true;
  readonly properties?: true;
}

export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .summary('show what a slide file is')
    .description(
      'Show the format, size, resolution and levels of a slide, and how it is read: fast\n' +
        '(JPEG-tiled TIFF and SVS) or by OpenSlide (everything else that it knows: NDPI,\n' +
        'MRXS, SCN, BIF, DICOM and others). A damaged slide is reported as such.',
    )
    .argument('<slide>', 'slide file')
    .option('--json', 'print one JSON object, with all properties of the file')
    .option('--properties', 'also print all properties of the file')
    .addHelpText('after', EXAMPLES)
    .action(inspect);
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const slide = await openSlide(path);
  try {
    const text = options.json === true ? JSON.stringify(asJson(slide), undefined, 2) : asText(slide, options);
    process.stdout.write(`${text}\n`);
  } finally {
    await slide.close();
  }
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
    objectivePower: objectivePower ?? null,
    fingerprint,
    properties,
  };
}

function asText(slide: Slide, options: InspectOptions): string {
  const { mpp, objectivePower, reader } = slide;
  const resolution =
    mpp === undefined ? 'unknown (use levels, not micrometres a pixel)' : `${micrometres(mpp)} um/px`;
  const lines = [
    `slide       ${slide.path}`,
    `format      ${slide.format}`,
    `read by     ${reader === 'tiff' ? 'fast path (JPEG tiles)' : 'OpenSlide'}`,
    `size        ${slide.width} x ${slide.height} px`,
    `resolution  ${resolution}`,
    `objective   ${objectivePower === undefined ? 'unknown' : `${objectivePower}x`}`,
    `fingerprint ${slide.fingerprint}`,
    'levels',
    ...slide.levels.map(
      ({ width, height, downsample }, level) =>
        `  ${level}: ${width} x ${height} px, downsample ${Number(downsample.toFixed(4))}`,
    ),
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
