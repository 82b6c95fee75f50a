/** `wsi predict`: scores and heatmaps of slides, or of the patients of a table, by a trained model. */
import { realpath } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { isS3Address } from '@wsi-operator/slides';
import { Predictor } from '@wsi-operator/trainer';
import { EXIT_CODES } from '../exit-codes.ts';
import { bagsToScore, type BagToScore } from '../predict/bags.ts';
import { findCheckpoint, trainedTable, type TrainedTable } from '../predict/checkpoint.ts';
import { PredictionOutput } from '../predict/output.ts';
import { PredictionProgress } from '../predict/progress.ts';
import { failureRecord, modelCard, type PredictionRecord } from '../predict/records.ts';
import { scoreBags, type Scored } from '../predict/score-bags.ts';
import { watchInterrupts } from '../progress/interrupts.ts';
import { foldedFaults } from '../slides/faults.ts';
import { givenSlides, type GivenFault } from '../slides/given-slides.ts';
import { addSlideMpp, statedMessage, type SlideMppOptions } from './slide-mpp.ts';
import { slidesCommand, slideSources, SLIDES_HELP, type SlideFlags } from '../slides/options.ts';
import { processDevices } from '../local/process-devices.ts';
import { noteLine, printLine, standardError } from '../terminal/streams.ts';

const DESCRIPTION = `Scores slides with a trained model: a probability (classification) or a log hazard
ratio (survival: the higher, the earlier the event is expected).

${SLIDES_HELP} Of a model that was
trained on patients, give a table with a patient's column too: the slides of a
patient are one bag, as in training, and the score is the one the run gives.

DIR receives predictions.json and predictions.csv (a row a patient or slide; on which
side of the training it was), failures.json, and for every slide NAME.json (tiles and
their weights) and NAME.heatmap.png. What is there is never replaced by something
else. Slides that cannot be used are reported at the end, the others are scored; Ctrl-C
stops, and the same command goes on.`;

const EXAMPLES = `
Examples:
  wsi predict --checkpoint run1 slide1.svs slide2.ndpi --output predictions
  wsi predict --checkpoint run1 cohort.csv --slides /data/slides --workers 4
  wsi predict --checkpoint run1 '/data/**/*.svs' --json | jq .score`;

interface PredictFlags extends SlideFlags, SlideMppOptions {
  readonly checkpoint: string;
  readonly output: string;
  readonly workers?: number;
  readonly size: number;
  readonly json?: true;
}

export function registerPredict(program: Command): void {
  addSlideMpp(slidesCommand(program, 'predict'))
    .summary('score slides or patients with a trained model and draw heatmaps')
    .description(DESCRIPTION)
    .option('--patient-column <name>', "the table's column of the patient (default: patient)")
    .option(
      '--resolution-column <name>',
      "the table's column of the resolution, for slides whose files do not say it\n" +
        "(default: as the model's job has it)",
    )
    .requiredOption(
      '--checkpoint <dir>',
      "a checkpoint, a run's output directory, or its checkpoints directory",
    )
    .option('-o, --output <dir>', 'where the files go', 'predictions')
    .option(
      '-w, --workers <n>',
      'processes that compute; the result does not depend on it',
      wholeNumber({ least: 1, most: 256 }),
    )
    .option('--size <pixels>', 'longer side of the heatmaps', wholeNumber({ least: 16, most: 8192 }), 1024)
    .option('--json', 'print the predictions as JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string[], flags: PredictFlags) => {
      process.exitCode = await predict(given, flags);
    });
}

async function predict(given: readonly string[], flags: PredictFlags): Promise<number> {
  const checkpoint = await findCheckpoint(flags.checkpoint, note);
  const trained = await trainedTable(checkpoint);
  const interrupts = watchInterrupts(systemClock, (signal) => {
    note(`${signal}: stopping; the same command goes on`);
  });
  const predictor = await Predictor.open(checkpoint, statedMessage(flags));
  try {
    const { features, frozen } = predictor.description;
    // A frozen encoder makes the features of slides.
    const ofFeatures = features !== undefined && frozen === undefined;
    const slides = await givenSlides(given, await sourcesOf(given, flags, { ...trained, ofFeatures }));
    const rule = predictor.known?.bag ?? trained.bag ?? 'patient';
    const card = modelCard(predictor, slides.fromTable ? rule : 'slide');
    const absolute = (path: string): string => (isS3Address(path) ? path : resolve(path));
    const overrides = flags.preferSlideMpp === true || trained.resolution?.prefer === 'statement';
    const { bags, lost } = bagsToScore(slides, card.bag, absolute, overrides);
    if (bags.length === 0) return nothingToScore(lost);
    if (rule === 'patient' && !slides.fromTable) note(ALONE);
    if (predictor.known === undefined) note(UNKNOWN);
    const { threads } = predictor.description;
    const { processes, devices } = await processDevices(flags.workers, () => defaultWorkers(threads));
    predictor.start(processes, devices);
    interrupts.stop.addEventListener('abort', () => predictor.close());
    if (interrupts.stop.aborted) predictor.close();
    const output = await PredictionOutput.open(
      resolve(flags.output),
      card,
      bags.flatMap((bag) => bag.slides),
    );
    try {
      const end = await score(bags, { predictor, card, output, flags, signal: interrupts.stop });
      const failures = [...lost, ...end.failures];
      await output.finish(failures.map(({ slide, error, patient }) => failureRecord(slide, error, patient)));
      conclude(end, failures, output.directory);
      if (interrupts.stop.aborted) return interrupts.exitCode;
      return failures.length > 0 ? EXIT_CODES.input : EXIT_CODES.done;
    } finally {
      output.close();
    }
  } finally {
    predictor.close();
    interrupts.close();
  }
}

const ALONE =
  'note: this model was trained on patients, all slides of each together; these slides are scored one by one. Give a table with patients to have them together.';
const UNKNOWN =
  'note: this checkpoint does not say whom it was trained on: patients of the training are not marked.';

interface Run {
  readonly predictor: Predictor;
  readonly card: ReturnType<typeof modelCard>;
  readonly output: PredictionOutput;
  readonly flags: PredictFlags;
  readonly signal: AbortSignal;
}

async function score(bags: readonly BagToScore[], { flags, ...run }: Run): Promise<Scored> {
  const progress = new PredictionProgress(bags.length, standardError, systemClock);
  try {
    return await scoreBags(bags, {
      ...run,
      side: flags.size,
      lanes: Math.min(bags.length, 2 * run.predictor.processes + 1),
      progress,
      onRecord: (record, before) => {
        progress.clear();
        print(record, { json: flags.json === true, before });
      },
      onWarning: (line) => {
        progress.clear();
        note(line);
      },
    });
  } finally {
    progress.clear();
  }
}

/** How the run read its own table is how it is read again; what the command says goes first. */
async function sourcesOf(
  given: readonly string[],
  flags: SlideFlags,
  trained: TrainedTable & { readonly ofFeatures: boolean },
): Promise<ReturnType<typeof slideSources>> {
  const own = await Promise.all(given.map((path) => isSameFile(path, trained.table)));
  const isOwn = own.includes(true);
  const slides = flags.slides ?? (isOwn ? (trained.features ?? trained.slides) : undefined);
  const { resolution, ofFeatures, missing, spellings } = trained;
  return slideSources(
    {
      ...(slides === undefined ? {} : { slides }),
      slideColumn: flags.slideColumn ?? trained.slideColumn ?? 'slide',
      patientColumn: flags.patientColumn ?? trained.patientColumn ?? 'patient',
      ...(flags.resolutionColumn === undefined ? {} : { resolutionColumn: flags.resolutionColumn }),
    },
    // A resolution that was stated for all slides of the training says nothing of others.
    {
      missing,
      spellings,
      features: ofFeatures,
      resolution: isOwn ? resolution : resolution && { column: resolution.column },
    },
  );
}

async function isSameFile(path: string, other: string | undefined): Promise<boolean> {
  if (other === undefined || extname(path) === '') return false;
  if (isS3Address(path) || isS3Address(other)) return path === other;
  const real = (of: string): Promise<string> => realpath(of).catch(() => resolve(of));
  return (await real(path)) === (await real(other));
}

function nothingToScore(lost: readonly GivenFault[]): never {
  if (lost.length === 1) throw lost[0]!.error;
  throw new WsiError('NotFound', `there is nothing to score:\n  ${foldedFaults(lost).join('\n  ')}`);
}

function print(record: PredictionRecord, { json, before }: { json: boolean; before: boolean }): void {
  if (json) {
    printLine(JSON.stringify(record));
    return;
  }
  const { bag, score, probabilities, split, leftOut = [] } = record;
  const classes = Object.entries(probabilities ?? {}).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  const parts = [
    bag,
    `score ${score.toFixed(4)}`,
    ...(classes.length > 0 ? [classes.join(', ')] : []),
    ...(typeof split === 'string' ? [SPLIT_WORDS[split] ?? split] : []),
    ...(leftOut.length > 0
      ? [`without ${leftOut.length} of ${leftOut.length + record.slides.length} slides`]
      : []),
    ...(before ? ['as before'] : []),
  ];
  printLine(parts.join('\t'));
}

const SPLIT_WORDS: Readonly<Record<string, string>> = {
  train: 'trained on',
  validation: 'validation of the training',
  test: 'test of the training',
};

function conclude(
  { scored, before }: Scored,
  failures: readonly GivenFault[] | Scored['failures'],
  directory: string,
): void {
  const earlier = before > 0 ? ` (${before} of them before)` : '';
  note(`${scored} scored${earlier}: ${directory}`);
  if (failures.length === 0) return;
  const all = failures.length === 1 ? 'a slide' : `${failures.length} slides`;
  note(`${all} could not be used (failures.json):\n  ${foldedFaults(failures).join('\n  ')}`);
}

function note(line: string): void {
  noteLine(line);
}

/** As many as the processors feed, and the memory holds: about 1 GiB each. */
function defaultWorkers(threads: number): number {
  const [processors, memory] = [availableParallelism() / threads, totalmem() / 2 ** 31];
  return Math.max(1, Math.min(16, Math.floor(processors), Math.floor(memory)));
}
