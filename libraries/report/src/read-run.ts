/** Reads the directory of a run. What is missing or broken is noted, not thrown: a report of the rest is still one. */
import { systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { SPLIT_ORDER, type Verdict } from '@wsi-operator/statistics';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import {
  asList,
  asNumber,
  asNumbers,
  asRecord,
  asText,
  member,
  numbersIn,
  type JsonRecord,
} from './json-shape.ts';
import type { Evaluation, Heatmap, Run, RunStatus, StepMetrics } from './run.ts';
import { judge } from './judge.ts';
import { classOf, outcomeOf, readPredictions } from './read-predictions.ts';
import type { Box } from './svg/attention-map.ts';

/** Heatmaps in one report: it stays a file that opens at once. */
const MAXIMUM_HEATMAPS = 24;
/** Pixels; thumbnails are stored no larger. */
const THUMBNAIL_SIDE = 640;

/** @throws WsiError `NotFound` when there is no such directory or nothing of a run in it */
export async function readRun(directory: string): Promise<Run> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new WsiError('NotFound', 'is not a directory.', {
      where: directory,
      remedy: 'Give the output directory of `wsi run`.',
    });
  }
  const missing: Record<string, string> = {};
  const result = asRecord(await readJson(directory, 'result.json', missing));
  const lines = await readLines(directory, missing);
  const predictions = asList(await readJson(directory, 'predictions.json', missing)) ?? [];
  const index = asList(await readJson(directory, 'heatmaps/INDEX.json', missing)) ?? [];
  const status = statusOf(await readJson(directory, 'status.json', {}));
  const nothing = result === undefined && lines.length === 0 && predictions.length === 0;
  // Before its first step a run has a status.
  if (nothing && status === undefined) {
    throw new WsiError('NotFound', 'holds no result.json, metrics.jsonl or predictions.json of a run.', {
      where: directory,
      remedy: 'Give the output directory of `wsi run`.',
    });
  }
  return {
    directory,
    result,
    name: asText(member(await readJson(directory, 'job.json', {}), 'name')),
    status,
    steps: lines.flatMap(stepMetrics),
    evaluations: lines.flatMap(evaluation),
    predictions: readPredictions(predictions),
    heatmaps: await readHeatmaps(directory, index, missing),
    heatmapCount: index.length,
    missing,
  };
}

function statusOf(value: unknown): RunStatus | undefined {
  if (asRecord(value) === undefined) return undefined;
  const progress = (name: string): number | undefined => asNumber(member(value, 'progress', name));
  return {
    phase: asText(member(value, 'phase')),
    message: asText(member(value, 'message')),
    step: progress('step'),
    steps: progress('steps'),
    epoch: progress('epoch'),
    epochs: progress('epochs'),
    eta: asText(member(value, 'progress', 'eta')),
    at: asText(member(value, 'updateTime')),
  };
}

/**
 * The verdict on a run, from what it left in its output directory; nothing is drawn.
 *
 * @throws never: what is missing makes a verdict of the kind `none`
 */
export async function readVerdict(directory: string): Promise<Verdict> {
  const result = asRecord(await readJson(directory, 'result.json', {}));
  const predictions = asList(await readJson(directory, 'predictions.json', {})) ?? [];
  return judge({ result, predictions: readPredictions(predictions) }).verdict;
}

async function readText(
  directory: string,
  file: string,
  missing: Record<string, string>,
): Promise<string | undefined> {
  try {
    return await readFile(join(directory, file), 'utf8');
  } catch (error) {
    missing[file] =
      systemErrorCode(error) === 'ENOENT' ? `There is no ${file}.` : `${file} could not be read.`;
    return undefined;
  }
}

async function readJson(directory: string, file: string, missing: Record<string, string>): Promise<unknown> {
  const text = await readText(directory, file, missing);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    missing[file] = `${file} is not JSON.`;
    return undefined;
  }
}

/** A torn last line, as a run that was killed leaves it, is passed over. */
async function readLines(directory: string, missing: Record<string, string>): Promise<JsonRecord[]> {
  const text = await readText(directory, 'metrics.jsonl', missing);
  return (text ?? '').split('\n').flatMap((line): JsonRecord[] => {
    try {
      const record = asRecord(JSON.parse(line) as unknown);
      return record === undefined ? [] : [record];
    } catch {
      return [];
    }
  });
}

function stepMetrics(line: JsonRecord): StepMetrics[] {
  const [step, loss] = [asNumber(line['step']), asNumber(line['loss'])];
  if (step === undefined || loss === undefined) return [];
  return [
    {
      step,
      loss,
      epoch: asNumber(line['epoch']) ?? 0,
      learningRate: asNumber(line['learningRate']),
      tilesPerSecond: asNumber(line['tilesPerSecond']),
      time: asNumber(line['time']),
    },
  ];
}

function evaluation(line: JsonRecord): Evaluation[] {
  const [epoch, split] = [asNumber(line['epoch']), asText(line['split'])];
  return epoch === undefined || split === undefined
    ? []
    : [{ epoch, split, metrics: numbersIn(line['metrics']) }];
}

async function readHeatmaps(
  directory: string,
  index: readonly unknown[],
  missing: Record<string, string>,
): Promise<Heatmap[]> {
  const rank = (entry: unknown): number => {
    const place = SPLIT_ORDER.indexOf(asText(member(entry, 'split')) ?? '');
    return place < 0 ? SPLIT_ORDER.length : place;
  };
  const heatmaps: Heatmap[] = [];
  // Sorting is stable: within a split the index's order holds. One after another, so that few pictures are in memory.
  for (const entry of [...index].sort((a, b) => rank(a) - rank(b))) {
    if (heatmaps.length === MAXIMUM_HEATMAPS) break;
    try {
      const heatmap = await readHeatmap(join(directory, 'heatmaps'), entry);
      if (heatmap !== undefined) heatmaps.push(heatmap);
    } catch {
      missing['heatmaps'] = 'Some thumbnails could not be read.';
    }
  }
  return heatmaps;
}

async function readHeatmap(directory: string, entry: unknown): Promise<Heatmap | undefined> {
  const [slide, thumbnail] = [asText(member(entry, 'slide')), asText(member(entry, 'thumbnail'))];
  const attention = asNumbers(member(entry, 'attention'));
  const tiles = (asList(member(entry, 'tiles')) ?? []).flatMap((tile) => {
    const box = asNumbers(tile);
    return box?.length === 4 ? [box as unknown as Box] : [];
  });
  if (slide === undefined || thumbnail === undefined || attention === undefined) return undefined;
  if (tiles.length !== attention.length || tiles.length === 0) return undefined;
  // The index is data: a name in it must not lead out of its directory.
  const picture = sharp(join(directory, basename(thumbnail)));
  const { width, height } = await picture.metadata();
  const small = await picture
    .resize({ width: THUMBNAIL_SIDE, height: THUMBNAIL_SIDE, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 82 })
    .toBuffer();
  const outcome = outcomeOf(member(entry, 'outcome'));
  return {
    slide,
    width,
    height,
    tiles,
    attention,
    split: asText(member(entry, 'split')) ?? 'all',
    outcome: outcome && classOf(outcome)?.name,
    score: asNumber(member(entry, 'score')),
    bagTiles: asNumber(member(entry, 'bagTiles')),
    picture: `data:image/jpeg;base64,${small.toString('base64')}`,
  };
}
