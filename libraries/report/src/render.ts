/** A run as one HTML page that needs nothing but itself. */
import { createHash } from 'node:crypto';
import { judge } from './judge.ts';
import { html, Markup } from './markup.ts';
import type { Run } from './run.ts';
import { comparisonSection } from './sections/comparison.ts';
import { headerSection, jobName } from './sections/header.ts';
import { heatmapSection } from './sections/heatmaps.ts';
import { cohortSection } from './sections/cohort-notes.ts';
import { leftOutSection } from './sections/left-out.ts';
import { outcomeSection } from './sections/outcome.ts';
import { predictionsSection } from './sections/predictions.ts';
import { resourcesSection, versionsSection } from './sections/resources.ts';
import { trainingSection } from './sections/training.ts';
import { SCRIPT, STYLE } from './style.ts';

export interface ReportOptions {
  /** Default: the job's name. */
  readonly title?: string;
}

/**
 * Nothing may be fetched: what a run wrote cannot make the page call out. Of scripts the page's own is run, by its digest, and
 * none that has come in with a text.
 */
const POLICY = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${digestOf(SCRIPT)}'`;

const LINKS = [
  ['results', 'Results'],
  ['comparison', 'Comparison'],
  ['heatmaps', 'Heatmaps'],
  ['training', 'Training'],
  ['resources', 'Time and memory'],
  ['predictions', 'Predictions'],
  ['left-out', 'Slides left out'],
  ['cohort', 'Notes on the cohort'],
  ['reproduce', 'Job and versions'],
] as const;

/** Pure: the same run gives the same page. */
export function renderReport(run: Run, options: ReportOptions = {}): string {
  const judgement = judge(run);
  const title = options.title ?? jobName(run) ?? 'Training run';
  const sections = [
    outcomeSection(run, judgement),
    comparisonSection(run),
    heatmapSection(run),
    trainingSection(run),
    resourcesSection(run),
    predictionsSection(run, judgement),
    leftOutSection(run),
    cohortSection(run),
    versionsSection(run),
  ];
  const shown = LINKS.filter(([id]) =>
    sections.some((part) => part?.text.startsWith(`<section id="${id}"`) === true),
  );
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title}</title>
      <style>
        ${new Markup(STYLE)}
      </style>
    </head>
    <body>
      <main>
        ${headerSection(run, title, judgement)}
        <nav aria-label="Sections">${shown.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
        ${sections}
        <footer>Made by wsi-operator. Research use only: not a medical device.</footer>
      </main>
      ${new Markup(`<script>${SCRIPT}</script>`)}
    </body>
  </html>`;
  return `<!doctype html>\n${page.text}\n`;
}

function digestOf(script: string): string {
  return createHash('sha256').update(script).digest('base64');
}
