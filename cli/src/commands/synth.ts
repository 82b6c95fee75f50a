/** `wsi synth`: a synthetic cohort of real slide files. */
import { type Command, Option } from 'commander';
import { decimalNumber } from '@wsi-operator/foundation';
import {
  SYNTHESIS_TASKS,
  synthesizeCohort,
  type SynthesisOptions,
  type SynthesisProgress,
} from '@wsi-operator/cohort';
import { noteLine, printLine, standardError, standardOutput } from '../terminal/streams.ts';
import { ownSequence } from '../terminal/printable.ts';

const DESCRIPTION = `Make a synthetic cohort: pyramidal JPEG-tiled BigTIFF slides whose outcome is
known to be in the pixels, the table, the truth and a job that is ready to run.

Tasks:
  needle        positive when the slide has a tile with motif A
  cooccurrence  positive when motifs A and B both occur, however far apart;
                negatives have as many motif tiles, but of one kind: no tile
                alone and no average over tiles reveals the outcome
  survival      times and censoring from a hazard that depends on the motifs,
                the treatment and their interaction

The directory receives cohort.csv, slides/, job.yaml, truth.json (where each
motif is), cohort.json (the parameters) and README.md. The same arguments give
the same bytes. Run again after an interruption: whole slides are kept.`;

const EXAMPLES = `
Examples:
  wsi synth --output demo --slides 64 --width 768 --height 768 --task cooccurrence --seed 1
  wsi synth --output large --slides 4 --width 50000 --height 80000 --task cooccurrence
  wsi synth --output real --slides 40 --width 2048 --height 2048 --task survival --texture CMU-1-Small-Region.svs
  wsi run demo/job.yaml --output result`;

/** What commander makes of the options below. */
type SynthFlags = SynthesisOptions & { readonly json?: true };

export function registerSynth(program: Command): void {
  program
    .command('synth')
    .summary('make a synthetic cohort')
    .description(DESCRIPTION)
    .requiredOption('--output <dir>', 'directory of the cohort, made when missing')
    .requiredOption(
      '--slides <n>',
      'number of slides, one a patient; a multiple of 4 for cooccurrence',
      decimalNumber(),
    )
    .requiredOption('--width <pixels>', 'width of a slide', decimalNumber())
    .requiredOption('--height <pixels>', 'height of a slide', decimalNumber())
    .addOption(
      new Option('--task <task>', 'what the outcome depends on')
        .choices(SYNTHESIS_TASKS)
        .makeOptionMandatory(),
    )
    .option('--texture <slide>', 'make the tissue from patches of this slide (default: procedural)')
    .option('--seed <s>', 'seed of everything', decimalNumber(), 0)
    .option('--mpp <um>', "micrometres for a pixel (default: the texture's, else 0.5)", decimalNumber())
    .option(
      '--patch <pixels>',
      'tile size to train with: a motif lies wholly within one square of its grid',
      decimalNumber(),
      64,
    )
    .option(
      '--motifs <n>',
      "motifs on a slide (default: 1 for needle, else from the slide's size)",
      decimalNumber(),
    )
    .option(
      '--motif-size <pixels>',
      'side of a motif (default: 64, or the patch if smaller)',
      decimalNumber(),
    )
    .option('--jitter', 'put motifs anywhere in their square, not in its corner')
    .option('--coverage <share>', 'share of a slide that is tissue, about', decimalNumber(), 0.5)
    .option(
      '--stain-variation <share>',
      'how much the stain differs from slide to slide, up or down',
      decimalNumber(),
      0.03,
    )
    .option('--test-fraction <share>', "share of the slides in the split 'test'", decimalNumber(), 0.25)
    .option('--censoring <share>', 'survival: expected share of censored patients', decimalNumber(), 0.3)
    .option('--tile-size <pixels>', "side of the file's tiles", decimalNumber(), 256)
    .addOption(
      new Option('--level-factor <factor>', 'each level is this much smaller than the one before')
        .choices(['2', '4'])
        .default('2'),
    )
    .option('--quality <q>', 'JPEG quality, 1 to 100', decimalNumber(), 80)
    .addOption(
      new Option('--chroma <subsampling>', 'JPEG colour').choices(['4:2:0', '4:4:4']).default('4:2:0'),
    )
    .option('--force', 'replace a cohort that other arguments made')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(synth);
}

async function synth({ json, ...options }: SynthFlags): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const started = performance.now();
  const progress = progressLine();
  try {
    const result = await synthesizeCohort({
      ...options,
      levelFactor: Number(options.levelFactor) === 4 ? 4 : 2,
      signal: controller.signal,
      onProgress: progress.show,
    });
    progress.end();
    const seconds = (performance.now() - started) / 1000;
    if (json === true) {
      printLine(JSON.stringify({ ...result, seconds }));
      return;
    }
    for (const note of result.notes) noteLine(`Note: ${note}`);
    const kept = result.kept === 0 ? '' : ` and kept ${result.kept}`;
    standardOutput.write(
      `Wrote ${result.written} slides${kept} in ${seconds.toFixed(1)} s: ` +
        `${(result.bytes / 1e6).toFixed(1)} MB in ${result.output}\n` +
        `Train with: wsi run ${result.job} --output OUTPUT\n`,
    );
  } finally {
    progress.end();
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
  }
}

/** One line that is rewritten on a terminal; elsewhere a line for every tenth of the work. */
function progressLine(): { show: (progress: SynthesisProgress) => void; end: () => void } {
  const terminal = standardError.isTTY;
  const started = performance.now();
  let shownAt = -Infinity;
  let tenth = 0;
  let open = false;
  const text = ({ slides, total, fraction }: SynthesisProgress): string => {
    const seconds = (performance.now() - started) / 1000;
    const left = fraction > 0.01 ? `, ${Math.ceil((seconds / fraction) * (1 - fraction))} s left` : '';
    return `slides ${slides}/${total}, ${Math.floor(fraction * 100)} %${left}`;
  };
  return {
    show: (progress) => {
      if (terminal) {
        const now = performance.now();
        if (now - shownAt < 100 && progress.fraction < 1) return;
        shownAt = now;
        open = true;
        standardError.write(`${ownSequence('\r\u001b[K')}${text(progress)}`);
      } else if (Math.floor(progress.fraction * 10) > tenth) {
        tenth = Math.floor(progress.fraction * 10);
        noteLine(text(progress));
      }
    },
    end: () => {
      if (open) standardError.write(ownSequence('\r\u001b[K'));
      open = false;
    },
  };
}
