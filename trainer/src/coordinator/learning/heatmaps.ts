/** Heatmaps of evaluated bags: a thumbnail a slide and the tiles' scores with their places on it. */
import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { sha256, writeFileAtomically, type Logger } from '@wsi-operator/foundation';
import type { HeatmapKind } from '@wsi-operator/report/heatmap';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';
import { heatmapPicture } from '../../heatmap/heatmap-picture.ts';
import type { TileSource } from '../../tile-source/index.ts';
import { tileBoxes, type Heatmap } from '../../heatmap/heatmap.ts';
import type { PlannedBag } from '../../plan/bags.ts';
import type { EvaluatedBag } from './evaluation.ts';

const thumbnailSide = 768;

/** Writes `INDEX.json` and the thumbnails. A slide whose thumbnail cannot be read is left out and named in the log. */
export async function writeHeatmaps(
  directory: string,
  bags: readonly { bag: PlannedBag; evaluated: EvaluatedBag }[],
  {
    source,
    logger,
    kind,
  }: {
    readonly source: Pick<TileSource, 'picture'>;
    readonly logger: Logger;
    readonly kind: HeatmapKind | 'none';
  },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const heatmaps: Heatmap[] = [];
  for (const { bag, evaluated } of bags) {
    let start = 0;
    for (const slide of bag.slides) {
      const scores = evaluated.tileScores.subarray(start, start + slide.tiles);
      start += slide.tiles;
      if (kind === 'none' || scores.length === 0) continue;
      try {
        heatmaps.push(await heatmapOf(directory, bag, evaluated, { slide, scores, kind, source }));
      } catch (error) {
        logger.warn({ slide: slide.slide, error }, 'no heatmap: the thumbnail could not be made');
      }
    }
  }
  await writeFileAtomically(join(directory, 'INDEX.json'), JSON.stringify(heatmaps));
}

interface SlideOfHeatmap {
  readonly slide: SurveyedSlide;
  readonly scores: Float32Array;
  readonly kind: HeatmapKind;
  readonly source: Pick<TileSource, 'picture'>;
}

async function heatmapOf(
  directory: string,
  bag: PlannedBag,
  evaluated: EvaluatedBag,
  { slide, scores, kind, source }: SlideOfHeatmap,
): Promise<Heatmap> {
  const picture = await source.picture(slide, thumbnailSide);
  const { width, height, data } = picture;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const key = sha256(slide.slide).slice(0, 16);
  const thumbnail = `${key}.png`;
  await writeFileAtomically(join(directory, thumbnail), png);
  const tiles = tileBoxes(slide, width / slide.width, height / slide.height);
  const heatmap = { kind, tileScores: scores, bagTiles: bag.tiles, boxes: tiles };
  const drawn = `${basename(slide.slide, extname(slide.slide)).slice(0, 80)}-${key.slice(0, 8)}.heatmap.png`;
  await writeFileAtomically(join(directory, drawn), await heatmapPicture(picture, heatmap));
  return {
    slide: slide.slide,
    bag: bag.case.bag,
    split: bag.case.split,
    outcome: bag.case.outcome,
    score: evaluated.prediction.score,
    thumbnail,
    width,
    height,
    tiles,
    attention: Array.from(scores),
    bagTiles: bag.tiles,
    picture: drawn,
  };
}
