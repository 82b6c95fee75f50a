/** Which run this is, whether it finished, and what came out. */
import { count, formatNumber, formatSeconds } from '../format.ts';
import type { Headline } from '../headline.ts';
import { asList, asNumber, asText, member, numbersIn } from '../json-shape.ts';
import { html, type Content, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';

export function jobName(run: Run): string | undefined {
  return asText(member(run.result, 'job', 'metadata', 'name'));
}

export function headerSection(run: Run, title: string, headline: Headline | undefined): Markup {
  return html`<header>
    <p class="kicker">Whole-slide training report</p>
    <h1>${title}</h1>
    <p class="badges">
      ${badge(run)}${modelWords(run).map((word) => html`<span class="badge">${word}</span>`)}
    </p>
    ${headline === undefined ? undefined : headlineBlock(headline)}
    <dl class="facts">
      ${facts(run).map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

function badge(run: Run): Markup {
  return run.result === undefined
    ? html`<span class="badge unfinished">Not finished: the steps so far</span>`
    : html`<span class="badge finished">Finished</span>`;
}

function headlineBlock({ figure, label, sentences }: Headline): Markup {
  return html`<div class="headline">
    <div class="big"><strong>${figure}</strong><span>${label}</span></div>
    <div>${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
  </div>`;
}

function modelWords(run: Run): string[] {
  const model = member(run.result, 'job', 'spec', 'model');
  const words = ['encoder', 'aggregator', 'head'].map((part) => asText(member(model, part, 'name')));
  return words.filter((word) => word !== undefined);
}

function facts(run: Run): [string, Content][] {
  const { result, steps } = run;
  const last = steps.at(-1);
  const stepsDone = asNumber(result?.['steps']) ?? (last === undefined ? 0 : last.step + 1);
  const facts: [string, Content | undefined][] = [
    ['Steps', formatNumber(stepsDone)],
    ['Epochs', last && formatNumber(new Set(steps.map(({ epoch }) => epoch)).size)],
    ['Tiles', written(asNumber(result?.['tiles']), formatNumber)],
    ['Throughput', written(asNumber(result?.['tilesPerSecond']), (rate) => `${formatNumber(rate)} tiles/s`)],
    ['Training time', written(asNumber(result?.['trainingSeconds']) ?? wallSeconds(run), formatSeconds)],
    ['Restarts', restartText(Object.entries(numbersIn(result?.['restarts'])))],
    ['Slides left out', quarantined(run)],
    ['Last step', written(last?.time, timeText)],
    [
      'Parameters (SHA-256)',
      written(asText(result?.['parametersSha256']), (digest) => html`<code>${digest}</code>`),
    ],
  ];
  return facts.filter((fact): fact is [string, Content] => fact[1] !== undefined);
}

function written<Value>(value: Value | undefined, write: (value: Value) => Content): Content | undefined {
  return value === undefined ? undefined : write(value);
}

/** Every one, with the reason: a reader must not take the result for one of the whole table. */
function quarantined({ result }: Run): Content | undefined {
  const slides = asList(result?.['quarantined']) ?? [];
  if (slides.length === 0) return undefined;
  return html`<ul>
    ${slides.map((of) => html`<li>${asText(member(of, 'reason')) ?? asText(member(of, 'slide')) ?? '–'}</li>`)}
  </ul>`;
}

function timeText(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? '–' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function restartText(restarts: readonly (readonly [string, number])[]): string | undefined {
  if (restarts.length === 0) return undefined;
  const some = restarts.filter(([, times]) => times > 0);
  return some.length === 0 ? 'none' : some.map(([role, times]) => count(times, role)).join(', ');
}

/** From the first to the last step, pauses between a stop and a resume included. */
function wallSeconds({ steps }: Run): number | undefined {
  const [first, last] = [steps[0]?.time, steps.at(-1)?.time];
  return first === undefined || last === undefined || steps.length < 2 ? undefined : (last - first) / 1000;
}
