/** Scores bags, several at a time, and writes each as soon as it is done. */
import { createHash } from 'node:crypto';
import { AGGREGATORS } from '@wsi-operator/api';
import { canonicalJson, WsiError } from '@wsi-operator/foundation';
import { identifyAnnotations, identifySlide, type AnnotationOptions } from '@wsi-operator/slides';
import {
  heatmapPicture,
  tileBoxes,
  type BagPrediction,
  type PredictedSlide,
  type Predictor,
  type SlideFailure,
} from '@wsi-operator/trainer';
import type { SlideFault } from '../slides/faults.ts';
import type { BagToScore } from './bags.ts';
import type { PredictionOutput } from './output.ts';
import type { PredictionProgress } from './progress.ts';
import { predictionRecord, type ModelCard, type PredictionRecord, type SlideFiles } from './records.ts';

export interface ScoringContext {
  readonly predictor: Predictor;
  readonly card: ModelCard;
  readonly output: PredictionOutput;
  /** Pixels of the longer side of a heatmap, its legend aside. */
  readonly side: number;
  /** Bags under way at a time. */
  readonly lanes: number;
  readonly progress: PredictionProgress;
  readonly signal: AbortSignal;
  /** Called in the order of the bags. */
  readonly onRecord: (record: PredictionRecord, before: boolean) => void;
  readonly onWarning: (line: string) => void;
}

export interface FailedSlide extends SlideFault {
  readonly patient?: string;
}

export interface Scored {
  readonly failures: readonly FailedSlide[];
  /** Bags that have a score, those of earlier calls among them. */
  readonly scored: number;
  /** Of these, bags that had it before. */
  readonly before: number;
}

/** @throws WsiError of what is wrong with everything; bags that are done stay done */
export async function scoreBags(bags: readonly BagToScore[], context: ScoringContext): Promise<Scored> {
  const outcomes: (Outcome | undefined)[] = bags.map(() => undefined);
  let [next, reported] = [0, 0];
  let failure: WsiError | undefined;
  const reportInOrder = (): void => {
    for (let outcome = outcomes[reported]; outcome !== undefined; outcome = outcomes[++reported]) {
      if (outcome.record !== undefined) context.onRecord(outcome.record, outcome.before);
    }
  };
  const lane = async (): Promise<void> => {
    while (next < bags.length && failure === undefined && !context.signal.aborted) {
      const index = next++;
      try {
        outcomes[index] = await scoreBag(bags[index]!, index, context);
        reportInOrder();
      } catch (error) {
        failure ??= WsiError.from(error);
      }
    }
  };
  await Promise.all(Array.from({ length: context.lanes }, lane));
  if (failure !== undefined && !context.signal.aborted) throw failure;
  const known = outcomes.filter((outcome) => outcome !== undefined);
  return {
    failures: known.flatMap(({ failures }) => failures),
    scored: known.filter(({ record }) => record !== undefined).length,
    before: known.filter(({ record, before }) => record !== undefined && before).length,
  };
}

interface Outcome {
  readonly record?: PredictionRecord;
  readonly before: boolean;
  readonly failures: readonly FailedSlide[];
}

async function scoreBag(bag: BagToScore, index: number, context: ScoringContext): Promise<Outcome> {
  const { predictor, output, progress } = context;
  const { annotations } = predictor.description.patches.tissue;
  const key = await keyOf(bag, { side: context.side, stated: predictor.stated ?? null }, annotations);
  const earlier = output.done(key);
  if (earlier !== undefined) {
    progress.bagDone(0, 0);
    return { record: earlier, before: true, failures: bag.missing };
  }
  const { prediction, failures } = await predictor.predict(bag, index, (tiles) => progress.addTiles(tiles));
  const failed = [...bag.missing, ...failures.map((of) => failureOf(of, bag))];
  progress.bagDone(prediction?.tiles ?? 0, failed.length);
  if (prediction === undefined) return { before: false, failures: failed };
  const record = predictionRecord(prediction, context.card, {
    files: await writeSlides(prediction, index, context),
    leftOut: [...bag.missing.map(({ path }) => path), ...failures.map(({ slide }) => slide)],
    isKnown: predictor.known !== undefined,
  });
  // One whose slides are not all there is tried again the next time.
  await output.add(failed.length === 0 ? key : `incomplete ${key}`, record);
  return { record, before: false, failures: failed };
}

function failureOf({ slide, error }: SlideFailure, { patient }: BagToScore): FailedSlide {
  return { slide, error, ...(patient === undefined ? {} : { patient }) };
}

/** The same for the same bag of the same files, those of annotations that the model was trained with among them. */
async function keyOf(
  { bag, patient, slides, stated, missing }: BagToScore,
  all: object,
  annotations: AnnotationOptions | undefined,
): Promise<string> {
  const files = await Promise.all(
    slides.map(async (slide) => [
      slide,
      await identifySlide(slide).catch(() => null),
      ...(annotations === undefined ? [] : [await areasOf(slide, annotations)]),
    ]),
  );
  const lost = missing.map(({ path }) => path);
  return createHash('sha256')
    .update(canonicalJson({ bag, patient: patient ?? null, files, lost, stated: stated ?? null, all }))
    .digest('hex');
}

/** What is wrong with a file of annotations is reported by the survey of the slide. */
function areasOf(slide: string, annotations: AnnotationOptions): Promise<string | null> {
  return identifyAnnotations(slide, { ...annotations, missing: 'detect' }).catch(() => null);
}

async function writeSlides(
  prediction: BagPrediction,
  index: number,
  context: ScoringContext,
): Promise<SlideFiles[]> {
  const { predictor, output } = context;
  const { bag, slides, score, probabilities, tiles } = prediction;
  const { classes, network } = predictor.description;
  const { heatmap: shown } = AGGREGATORS[network.aggregator.name];
  const files: SlideFiles[] = [];
  for (const slide of slides) {
    const name = output.nameOf(slide.slide);
    const kind = slide.tileScores.length === 0 ? 'none' : shown;
    const content = {
      slide: slide.slide,
      bag: bag.bag,
      ...(bag.patient === undefined ? {} : { patient: bag.patient }),
      score,
      ...(probabilities === undefined
        ? {}
        : { probabilities: Object.fromEntries(classes.map((one, at) => [one, probabilities[at]])) }),
      /** What the weights are: shares of the bag's attention, or each tile's own score. */
      weights: kind,
      bagTiles: tiles,
      tileFootprint: slide.footprint,
      tiles: Array.from({ length: slide.tiles }, (_, tile) => ({
        x: slide.coordinates[tile * 2],
        y: slide.coordinates[tile * 2 + 1],
        ...(slide.tileScores.length > 0 ? { weight: slide.tileScores[tile] } : {}),
      })),
    };
    const picture = kind === 'none' ? undefined : await pictureOf(slide, { kind, tiles, index }, context);
    const heatmap = picture === undefined ? undefined : `${name}.heatmap.png`;
    if (picture !== undefined) await output.write(`${name}.heatmap.png`, picture);
    await output.write(`${name}.json`, `${JSON.stringify(content)}\n`);
    files.push({ slide: slide.slide, tiles: `${name}.json`, ...(heatmap === undefined ? {} : { heatmap }) });
  }
  return files;
}

/** A slide whose picture cannot be made has its score all the same. */
async function pictureOf(
  slide: PredictedSlide,
  picture: { readonly kind: 'attention' | 'score'; readonly tiles: number; readonly index: number },
  { predictor, side, onWarning }: ScoringContext,
): Promise<Buffer | undefined> {
  const { kind, tiles: bagTiles, index } = picture;
  try {
    const thumbnail = await predictor.thumbnail(slide, side, index);
    const boxes = tileBoxes(slide, thumbnail.width / slide.width, thumbnail.height / slide.height);
    return await heatmapPicture(thumbnail, { kind, tileScores: slide.tileScores, bagTiles, boxes });
  } catch (thrown) {
    const error = WsiError.from(thrown);
    if (error.code === 'Cancelled' || error.code === 'EngineFailed') throw error;
    onWarning(`no heatmap: ${error.message}`);
    return undefined;
  }
}
