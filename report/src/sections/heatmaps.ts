/** Where the model looked: tile weights over thumbnails. */
import { basename } from 'node:path';
import { count, formatNumber, formatShare } from '../format.ts';
import { asText, member } from '../json-shape.ts';
import { html, type Markup } from '../markup.ts';
import type { Heatmap, Run } from '../run.ts';
import { attentionMap, coarsened } from '../svg/attention-map.ts';
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
  const instance = asText(member(run.result, 'job', 'spec', 'model', 'aggregator', 'name')) === 'instance';
  const more = run.heatmapCount - run.heatmaps.length;
  return section(
    'heatmaps',
    'Heatmaps',
    html`<div class="controls">
      <label>Overlay <input type="range" id="opacity" min="0" max="100" value="80" /></label
      ><span class="colour-bar"
        ><span>${instance ? '0' : 'no weight'}</span><i></i
        ><span>${instance ? 'largest score of the slide' : 'largest weight of the slide'}</span></span
      >
    </div>`,
    html`<p class="note">
      ${
        instance
          ? 'Colour: the score of each tile alone.'
          : 'Colour: the attention weight of each tile, from zero to the largest of the slide. “Peak” says how many times the mean weight the largest is: near 1 the model looks everywhere alike.'
      }${more > 0 && ` ${count(more, 'more slide')} in heatmaps/INDEX.json.`}
    </p>`,
    html`<div class="grid-3">${run.heatmaps.map((heatmap) => heatmapCard(heatmap, instance))}</div>`,
  );
}

function heatmapCard(heatmap: Heatmap, instance: boolean): Markup {
  const { slide, split, outcome, score, tiles, attention } = heatmap;
  const [, largest] = extent(attention);
  const mean = attention.reduce((sum, value) => sum + value, 0) / attention.length;
  const name = basename(slide);
  const facts = [
    split,
    outcome === undefined ? undefined : `actual: ${outcome}`,
    score === undefined ? undefined : `score ${formatShare(score)}`,
    count(attention.length, 'tile'),
    instance || mean <= 0 ? undefined : `peak ${formatNumber(largest / mean)}×`,
  ].filter((fact) => fact !== undefined);
  return html`<figure class="card">
    <h3 class="file" title="${slide}">${name}</h3>
    ${attentionMap({
      ...heatmap,
      title: `Heatmap of ${name}`,
      ...coarsened(
        tiles,
        attention.map((value) => (largest > 0 ? value / largest : 0)),
      ),
    })}
    <figcaption>${facts.join(' · ')}</figcaption>
  </figure>`;
}
