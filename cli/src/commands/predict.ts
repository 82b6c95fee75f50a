/** `wsi predict`: scores and heatmaps of slides by a trained model. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import { createLogger, WsiError, writeFileAtomically } from '@wsi/foundation';
import { CheckpointDirectory, heatmapPicture, Predictor, type SlidePrediction } from '@wsi/trainer';

interface PredictOptions {
  readonly checkpoint: string;
  readonly output: string;
  readonly json?: boolean;
  readonly size: string;
}

export function registerPredict(program: Command): void {
  program
    .command('predict')
    .summary('score slides with a trained model and draw heatmaps')
    .description(
      'Scores slides with a trained model. For every slide it writes NAME.json (score, tiles and their weights) and\n' +
        'NAME.heatmap.png. A score is a probability (classification) or a log hazard ratio (survival).',
    )
    .argument('<slide...>', 'slides to score')
    .requiredOption(
      '--checkpoint <dir>',
      "a checkpoint, a run's output directory, or its checkpoints directory",
    )
    .option('--output <dir>', 'where the files go', 'predictions')
    .option('--size <pixels>', 'longer side of the heatmap', '1024')
    .option('--json', 'print the scores as JSON lines')
    .addHelpText(
      'after',
      '\nExample:\n  $ wsi predict --checkpoint output/run slide1.svs slide2.ndpi --output output/predictions\n',
    )
    .action(predict);
}

async function predict(slides: readonly string[], options: PredictOptions): Promise<void> {
  const side = Number(options.size);
  if (!Number.isInteger(side) || side < 16 || side > 8192) {
    throw new WsiError(
      'InvalidArgument',
      `--size must be a whole number from 16 to 8192, not '${options.size}'`,
    );
  }
  const predictor = await Predictor.open(await findCheckpoint(options.checkpoint));
  try {
    await mkdir(options.output, { recursive: true });
    for (const [index, slide] of slides.entries()) {
      const prediction = await predictor.predict(slide, progressOf(slide, `${index + 1}/${slides.length}`));
      const name = `${String(index + 1).padStart(String(slides.length).length, '0')}-${basename(slide, extname(slide))}`;
      await writePrediction(
        join(options.output, slides.length === 1 ? basename(slide, extname(slide)) : name),
        prediction,
        side,
      );
      print(prediction, options.json === true);
    }
  } finally {
    await predictor.close();
  }
}

/** Accepts a checkpoint itself, a directory of checkpoints, or a run's output: the newest whole one is taken. */
async function findCheckpoint(path: string): Promise<string> {
  const exists = (file: string): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    );
  if (await exists(join(path, 'cursor.json'))) return path;
  const logger = createLogger({ role: 'predict' });
  for (const directory of [join(path, 'checkpoints'), path]) {
    const newest = await new CheckpointDirectory(directory, logger).newest();
    if (newest !== undefined) return newest.path;
  }
  throw new WsiError('NotFound', 'there is no checkpoint here', {
    where: path,
    remedy: 'Give the output directory of a run, or one of its checkpoints/step-... directories.',
  });
}

async function writePrediction(path: string, prediction: SlidePrediction, side: number): Promise<void> {
  const { grid, tileScores, ...summary } = prediction;
  const tiles = Array.from({ length: grid.count }, (_, tile) => ({
    x: grid.coordinates[tile * 2],
    y: grid.coordinates[tile * 2 + 1],
    ...(tileScores.length > 0 ? { weight: tileScores[tile] } : {}),
  }));
  const content = { ...summary, tileFootprint: grid.footprint, tiles };
  await writeFileAtomically(`${path}.json`, `${JSON.stringify(content)}\n`);
  if (tileScores.length > 0)
    await writeFileAtomically(`${path}.heatmap.png`, await heatmapPicture(prediction, side));
}

function print({ slide, score, probabilities }: SlidePrediction, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ slide, score, probabilities })}\n`);
    return;
  }
  const classes = Object.entries(probabilities ?? {}).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  process.stdout.write(
    `${slide}\tscore ${score.toFixed(4)}${classes.length > 0 ? `\t${classes.join(', ')}` : ''}\n`,
  );
}

/** One line that is rewritten on a terminal; nothing elsewhere (the scores are the output). */
function progressOf(slide: string, position: string): (done: number, of: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  return (done, of) => {
    process.stderr.write(`\r[${position}] ${basename(slide)}: ${done}/${of} tiles${done === of ? '\n' : ''}`);
  };
}
