/** `wsi features`: the embeddings of slides' tiles, one HDF5 file a slide. */
import { availableParallelism, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ENCODERS, parseQuantity } from '@wsi-operator/api';
import { FEATURE_LAYOUTS, type FeatureLayout } from '@wsi-operator/features';
import { decimalNumber, systemClock, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { lockOutput, makeOutputDirectory } from '@wsi-operator/operator';
import { ONNX_LAYOUTS } from '@wsi-operator/tile-encoder';
import { extractedPatches, Extraction, type SlideEnd } from '@wsi-operator/trainer';
import { EXIT_CODES } from '../exit-codes.ts';
import { encoderSource, type EncoderFlags } from '../features/encoder.ts';
import { isJob, jobOf, storeSettings, type JobFlags } from '../features/job.ts';
import { slidesToExtract, type SlidesToExtract } from '../features/slides.ts';
import { processDevices } from '../local/process-devices.ts';
import { requireOwnPlace } from '../local/output-place.ts';
import { PredictionProgress } from '../predict/progress.ts';
import { watchInterrupts } from '../progress/interrupts.ts';
import { foldedFaults, type SlideFault } from '../slides/faults.ts';
import { slidesCommand, SLIDES_HELP, type SlideFlags } from '../slides/options.ts';
import { noteLine, printLine, standardError } from '../terminal/streams.ts';
import { version } from '../version.ts';
import { addSlideMpp, type SlideMppOptions } from './slide-mpp.ts';

const DESCRIPTION = `Writes the features of slides: the embeddings of their tiles by an encoder that does
not learn, one HDF5 file a slide, DIR/SLIDE.h5, in the layout of TRIDENT (or of CLAM
or STAMP).

Give a job (.yaml) for the slides of its cohort with its patches and its encoder,
or slides and --encoder or --onnx. ${SLIDES_HELP}

A file that is there with the same features is kept, so the same command goes on after
a stop; one with others is refused. Slides that cannot be used are reported at the end,
the others are done. The files have the same bytes whatever the number of processes.`;

const EXAMPLES = `
Examples:
  wsi features job.yaml --output features
  wsi features '/data/**/*.svs' --encoder resnet18 --weights resnet18.safetensors --mpp 0.5 --output features
  wsi features slide.svs --onnx encoder.onnx --normalise imagenet --mpp 0.5 --output features
  wsi features job.yaml --from run1 --layout stamp --output features --workers 4`;

interface FeaturesFlags extends JobFlags, EncoderFlags, SlideFlags, SlideMppOptions {
  readonly weights?: string;
  readonly onnx?: string;
  readonly output: string;
  readonly layout: FeatureLayout;
  readonly workers?: number;
  readonly overwrite?: true;
}

export function registerFeatures(program: Command): void {
  const pixels = wholeNumber({ least: 1, most: 999_999_999 });
  addSlideMpp(slidesCommand(program, 'features', '<slides...>'))
    .summary('write the embeddings of slides as HDF5 files')
    .description(DESCRIPTION)
    .option(
      '--resolution-column <name>',
      "the table's column of the resolution, for slides whose files do not say it",
    )
    .requiredOption('-o, --output <dir>', 'directory to write to, made when missing')
    .addOption(
      new Option('--layout <name>', 'layout of the files').choices(FEATURE_LAYOUTS).default('trident'),
    )
    .addOption(new Option('--encoder <name>', 'encoder (model.encoder.name)').choices(Object.keys(ENCODERS)))
    .option('--weights <file>', 'its weights, safetensors (model.encoder.weights)')
    .option('--from <run>', 'its weights are those of a trained run, or of one of its checkpoints')
    .option(
      '--random <seed>',
      'its weights are random numbers, to try things out',
      wholeNumber({ most: 2 ** 31 - 1 }),
    )
    .option('--onnx <file>', 'encoder of others, as an ONNX file, in place of one of ours')
    .option('--normalise <how>', 'its pixels: imagenet, half, none (0 to 1), or mean=R,G,B,std=R,G,B')
    .option('--onnx-input <name>', 'its input, where it has several')
    .option('--onnx-output <name>', 'its output, where it has several')
    .addOption(new Option('--onnx-layout <layout>', 'of its input (default: NCHW)').choices(ONNX_LAYOUTS))
    .addOption(new Option('--device <device>', 'where it computes (default: cpu)').choices(['cpu', 'cuda']))
    .option('--patch-size <pixels>', 'side of a tile (patches.size)', pixels)
    .option('--mpp <um>', 'resolution in micrometres a pixel (patches.mpp)', decimalNumber())
    .addOption(
      new Option('--level <n>', 'level to read (patches.level)')
        .argParser(wholeNumber({ most: 999_999_999 }))
        .conflicts('mpp'),
    )
    .option('--stride <pixels>', 'from one tile to the next (patches.stride)', pixels)
    .option(
      '--set <path=value>',
      'change another field of the job, such as patches.tissue.method=none; may be given several times',
      collect,
    )
    .option('-w, --workers <n>', 'processes that compute', wholeNumber({ least: 1, most: 256 }))
    .option('--overwrite', 'replace files that have other features')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string[], flags: FeaturesFlags) => {
      process.exitCode = await features(given, flags);
    });
}

async function features(given: readonly string[], flags: FeaturesFlags): Promise<number> {
  const output = resolve(flags.output);
  const spec = await jobOf(given, flags);
  const interrupts = watchInterrupts(systemClock, (signal) => {
    noteLine(`${signal}: stopping; the same command goes on`);
  });
  try {
    const source = await encoderSource(spec, flags, noteLine);
    const { slides, faults } = await slidesToExtract(given, spec, { ...flags, output });
    if (isJob(given)) requireOwnPlace(output, spec.cohort);
    if (slides.length === 0) throw nothingToExtract(faults);
    const extraction = await Extraction.open({
      source,
      patches: extractedPatches(spec.patches),
      cacheBytes: parseQuantity(spec.patches.cacheBytes),
      layout: flags.layout,
      overwrite: flags.overwrite === true,
      store: storeSettings(given, spec),
      toolVersion: version(),
      ...(await processDevices(flags.workers, defaultProcesses)),
    });
    makeOutputDirectory(output);
    const lock = lockOutput(output, '');
    try {
      await extraction.requireSamePlace(slides);
      interrupts.stop.addEventListener('abort', () => extraction.stop());
      if (interrupts.stop.aborted) extraction.stop();
      return await extract(extraction, { slides, faults, output });
    } catch (error) {
      if (interrupts.stop.aborted && error instanceof WsiError && error.code === 'Cancelled') {
        return interrupts.exitCode;
      }
      throw error;
    } finally {
      lock.release();
    }
  } finally {
    interrupts.close();
  }
}

async function extract(
  extraction: Extraction,
  { slides, faults, output }: SlidesToExtract & { readonly output: string },
): Promise<number> {
  const progress = new PredictionProgress(slides.length, standardError, systemClock);
  const ends: SlideEnd[] = [];
  try {
    await extraction.run(slides, {
      onTiles: (tiles) => progress.addTiles(tiles),
      onSlide: (end) => {
        ends.push(end);
        const made = 'extracted' in end && !end.extracted.kept;
        progress.bagDone(made ? end.extracted.tiles : 0, 'error' in end ? 1 : 0);
      },
    });
  } finally {
    progress.clear();
    conclude(ends, output);
  }
  const failed: SlideFault[] = [...faults, ...ends.filter((end) => 'error' in end)];
  if (failed.length === 0) return EXIT_CODES.done;
  const all = failed.length === 1 ? 'a slide' : `${failed.length} slides`;
  noteLine(`${all} could not be used:\n  ${foldedFaults(failed).join('\n  ')}`);
  return EXIT_CODES.input;
}

/** What there is now, also after a stop. */
function conclude(ends: readonly SlideEnd[], output: string): void {
  const extracted = ends.flatMap((end) =>
    'extracted' in end ? [{ slide: end.slide, ...end.extracted }] : [],
  );
  const made = extracted.filter(({ kept }) => !kept);
  const tiles = made.reduce((sum, of) => sum + of.tiles, 0);
  const kept = extracted.length - made.length;
  const before = kept === 0 ? '' : `, ${kept} there before`;
  printLine(
    `${made.length} ${made.length === 1 ? 'file' : 'files'} written (${tiles} tiles)${before}: ${output}`,
  );
  const notes = Map.groupBy(
    made.flatMap(({ slide, notes: of }) => of.map((note) => ({ slide, note }))),
    ({ note }) => note,
  );
  for (const [note, of] of notes) {
    noteLine(of.length === 1 ? `note: ${of[0]!.slide}: ${note}` : `note: ${of.length} slides: ${note}`);
  }
}

function nothingToExtract(faults: readonly SlideFault[]): WsiError {
  const [only] = faults;
  if (faults.length === 1 && only !== undefined) return only.error;
  return new WsiError('NotFound', `there are no slides:\n  ${foldedFaults(faults).join('\n  ')}`);
}

/** As many as the processors feed, and the memory holds: about 1 GiB each. */
function defaultProcesses(): number {
  const memory = Math.floor(totalmem() / 2 ** 31);
  return Math.max(1, Math.min(16, availableParallelism(), memory));
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
