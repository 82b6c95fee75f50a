/** What the model attended to: tile weights over thumbnails. */
import { basename } from 'node:path';
import { AGGREGATORS } from '@wsi-operator/api';
import { count, formatNumber, formatShare } from '../format.ts';
import { asText, member } from '../json-shape.ts';
import { HEATMAP_SCALES, positionOf, shownValues, type HeatmapKind } from '../heatmap/scale.ts';
import { html, type Markup } from '../markup.ts';
import type { Heatmap, Run } from '../run.ts';
import { attentionMap, coarsened } from '../svg/attention-map.ts';
import { px } from '../svg/frame.ts';
import { extent } from '../svg/scale.ts';
import { absent, section } from './section.ts';

export function heatmapSection(run: Run): Markup {
  if (run.heatmaps.length === 0) {
    return section(
      'heatmaps',
      'Heatmaps',
      absent(
        run.missing['heatmaps/INDEX.json'] ??
          run.missing['heatmaps'] ??
          'The run made no heatmaps: its aggregator weighs all tiles alike.',
      ),
    );
  }
  const kind = heatmapKind(asText(member(run.result, 'job', 'spec', 'model', 'aggregator', 'name')));
  const more = run.heatmapCount - run.heatmaps.length;
  return section(
    'heatmaps',
    'Heatmaps',
    html`<div class="controls">
      <label>Overlay <input type="range" id="opacity" min="0" max="100" value="80" /></label
      >${colourBar(kind)}
    </div>`,
    html`<p class="note">
      ${
        kind === 'score'
          ? 'Colour: the score of each tile alone, on the same scale for all slides.'
          : 'Colour: the attention weight of each tile as a multiple of the mean over the tiles of its bag, on the same scale for all slides: where attention is uniform, a slide is of one colour. “Peak” is the largest multiple.'
      }${more > 0 && ` ${count(more, 'more slide')} in heatmaps/INDEX.json.`}
    </p>`,
    html`<div class="grid-3">${run.heatmaps.map((heatmap) => heatmapCard(heatmap, kind))}</div>`,
  );
}

/** What the tiles of a run's heatmaps show: it has some, so of a name that is not known here it is a weight. */
function heatmapKind(aggregator: string | undefined): HeatmapKind {
  const known = Object.entries(AGGREGATORS).find(([name]) => name === aggregator)?.[1].heatmap;
  return known === 'score' ? 'score' : 'attention';
}

function colourBar(kind: HeatmapKind): Markup {
  const { title, ticks } = HEATMAP_SCALES[kind];
  return html`<span class="colour-bar"
    ><span>${title}</span
    ><span class="colour-scale"
      ><i></i
      ><span class="colour-ticks"
        >${ticks.map(([position, label]) => html`<b style="left: ${px(100 * position)}%">${label}</b>`)}</span
      ></span
    ></span
  >`;
}

function heatmapCard(heatmap: Heatmap, kind: HeatmapKind): Markup {
  const { slide, split, outcome, score, tiles, attention } = heatmap;
  const shown = shownValues(kind, attention, heatmap.bagTiles ?? tilesOfBag(attention));
  const [, largest] = extent(shown);
  const name = basename(slide);
  const facts = [
    split,
    outcome === undefined ? undefined : `actual: ${outcome}`,
    score === undefined ? undefined : `score ${formatShare(score)}`,
    count(attention.length, 'tile'),
    kind === 'score' ? undefined : `peak ${formatNumber(largest)}×`,
  ].filter((fact) => fact !== undefined);
  return html`<figure class="card">
    <h3 class="file" title="${slide}">${name}</h3>
    ${attentionMap({
      ...heatmap,
      title: `Heatmap of ${name}`,
      ...coarsened(
        tiles,
        shown.map((value) => positionOf(kind, value)),
      ),
    })}
    <figcaption>${facts.join(' · ')}</figcaption>
  </figure>`;
}

/** Where a run did not say it: as if the slide were the whole bag. */
function tilesOfBag(attention: readonly number[]): number {
  const sum = attention.reduce((total, value) => total + value, 0);
  return sum > 0 ? attention.length / sum : 0;
}
