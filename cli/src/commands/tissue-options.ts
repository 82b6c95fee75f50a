/** The options of `wsi patches` about tissue, and the files that show what was found. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { decimalNumber, writeFileAtomically, WsiError } from '@wsi-operator/foundation';
import {
  DEFAULT_TISSUE,
  areaText,
  drawLabels,
  encodePng,
  summarizeTissue,
  tissueSvg,
  type Pixels,
  type Slide,
  type TissueMask,
  type TissueMethod,
  type TissueOptions,
} from '@wsi-operator/slides';

export interface TissueFlags {
  readonly tissue: TissueMethod;
  readonly pixelMicrometres?: number;
  readonly faintestDensity?: number;
  readonly smallestPieceMicrometres?: number;
  readonly closedGapMicrometres?: number;
  readonly largestHoleMicrometres?: number;
  readonly keepPens?: true;
  readonly annotations?: string;
  readonly use?: 'narrow' | 'replace';
  readonly include?: string[];
  readonly exclude?: string[];
  readonly missing?: 'fail' | 'detect';
  readonly origin?: 'slide' | 'scanned';
}

export function addTissueOptions(command: Command): Command {
  const tissueOption = (flags: string, what: string, setting: keyof typeof DEFAULT_TISSUE): Option =>
    new Option(flags, `${what} (default: ${DEFAULT_TISSUE[setting]})`).argParser(decimalNumber({ least: 0 }));
  return command
    .addOption(
      new Option('--tissue <method>', 'how tissue is found')
        .choices(['density', 'otsu', 'none'])
        .default('density'),
    )
    .addOption(tissueOption('--pixel-micrometres <um>', 'largest pixel of the mask', 'pixelMicrometres'))
    .addOption(tissueOption('--faintest-density <od>', 'palest colour that is tissue', 'faintestDensity'))
    .addOption(
      tissueOption(
        '--smallest-piece-micrometres <um>',
        'smaller pieces are dropped',
        'smallestPieceMicrometres',
      ),
    )
    .addOption(
      tissueOption('--closed-gap-micrometres <um>', 'gaps that count as tissue', 'closedGapMicrometres'),
    )
    .addOption(
      tissueOption('--largest-hole-micrometres <um>', 'holes that count as tissue', 'largestHoleMicrometres'),
    )
    .option('--keep-pens', 'do not look for pens')
    .option('--annotations <dir>', 'GeoJSON files of areas, one a slide (QuPath export)')
    .addOption(
      new Option('--use <how>', 'what the areas are for (default: narrow)').choices(['narrow', 'replace']),
    )
    .option('--include <class...>', 'classes of areas that are taken')
    .option('--exclude <class...>', 'classes of areas that are left out')
    .addOption(
      new Option('--origin <where>', 'where positions count from, for MIRAX and Leica slides').choices([
        'slide',
        'scanned',
      ]),
    )
    .addOption(
      new Option('--missing <what>', 'a slide without annotations (default: fail)').choices([
        'fail',
        'detect',
      ]),
    );
}

export function tissueOptions(flags: TissueFlags): TissueOptions {
  const { tissue: method, annotations: directory, use, include, exclude, missing, origin } = flags;
  if (
    directory === undefined &&
    [use, include, exclude, missing, origin].some((each) => each !== undefined)
  ) {
    // Not one of commander's errors: those are printed while options are parsed, and this is later.
    throw new WsiError(
      'InvalidArgument',
      '--use, --include, --exclude, --origin and --missing are only for --annotations.',
      {
        remedy: 'Give the directory of the GeoJSON files with --annotations.',
      },
    );
  }
  return {
    method,
    pixelMicrometres: flags.pixelMicrometres,
    faintestDensity: flags.faintestDensity,
    smallestPieceMicrometres: flags.smallestPieceMicrometres,
    closedGapMicrometres: flags.closedGapMicrometres,
    largestHoleMicrometres: flags.largestHoleMicrometres,
    pens: flags.keepPens === true ? 'keep' : 'exclude',
    annotations: directory === undefined ? undefined : { directory, use, include, exclude, missing, origin },
  };
}

/** Writes tissue.json and tissue.svg, which is drawn on a picture of the slide; returns what to print. */
export async function writeTissue(
  output: string,
  slide: Slide,
  { mask, picture: plain }: { readonly mask: TissueMask; readonly picture: Pixels },
): Promise<string> {
  const summary = summarizeTissue(slide, mask);
  const picture = drawLabels(plain, mask);
  const { width, height } = picture;
  const svg = tissueSvg(slide.path, { width, height, png: await encodePng(picture) }, summary);
  await writeFileAtomically(join(output, 'tissue.svg'), svg);
  await writeFileAtomically(join(output, 'tissue.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  const lines = Object.values(summary.areas).map((area) => `  ${areaText(area)}`);
  const assumed =
    summary.assumedMpp === undefined
      ? ''
      : `  the slide does not say its resolution: ${summary.assumedMpp} µm a pixel assumed for the mask\n`;
  return `${lines.join('\n')}\n${assumed}`;
}
