/** Which run this is, whether it finished, and what came out. */
import { splitName, type Evaluation } from '@wsi-operator/statistics';
import { count, formatNumber, formatSeconds, sentenceCase } from '../format.ts';
import { asNumber, asText, member, numbersIn } from '../json-shape.ts';
import { html, type Content, type Markup } from '../markup.ts';
import type { Judgement } from '../judge.ts';
import type { Run } from '../run.ts';
import { cohortNotice } from './cohort-notes.ts';
import { leftOutNotice } from './left-out.ts';
import { underWayBlock, verdictBlock } from './verdict.ts';

export function jobName(run: Run): string | undefined {
  return asText(member(run.result, 'job', 'metadata', 'name')) ?? run.name;
}

export function headerSection(run: Run, title: string, { verdict, evaluation }: Judgement): Markup {
  return html`<header>
    <p class="kicker">Whole-slide training report</p>
    <h1>${title}</h1>
    <p class="badges">
      ${badge(run)}${modelWords(run).map((word) => html`<span class="badge">${word}</span>`)}
    </p>
    ${run.result === undefined && verdict.kind === 'none' ? underWayBlock(run) : verdictBlock(verdict)}
    ${leftOutNotice(run)} ${cohortNotice(run)}
    <dl class="facts">
      ${[...populations(evaluation), ...facts(run)].map(
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
  if (run.result !== undefined) return html`<span class="badge finished">Finished</span>`;
  return run.status?.phase === 'Failed'
    ? html`<span class="badge unfinished">Failed</span>`
    : html`<span class="badge unfinished">Not finished: the steps so far</span>`;
}

function modelWords(run: Run): string[] {
  const model = member(run.result, 'job', 'spec', 'model');
  return ['encoder', 'aggregator', 'head'].flatMap((part) => {
    const name = asText(member(model, part, 'name'));
    return name === undefined ? [] : [`${part} ${name}`];
  });
}

function facts(run: Run): [string, Content][] {
  const { result, steps } = run;
  const last = steps.at(-1);
  const stepsDone = asNumber(result?.['steps']) ?? (last === undefined ? 0 : last.step + 1);
  const facts: [string, Content | undefined][] = [
    ['Steps', formatNumber(stepsDone)],
    ['Epochs', last && formatNumber(new Set(steps.map(({ epoch }) => epoch)).size)],
    ['Chosen epoch', written(asText(member(result, 'selection', 'reason')), sentenceCase)],
    ['Tiles', written(asNumber(result?.['tiles']), formatNumber)],
    ['Throughput', written(asNumber(result?.['tilesPerSecond']), (rate) => `${formatNumber(rate)} tiles/s`)],
    ['Training time', written(asNumber(result?.['trainingSeconds']) ?? wallSeconds(run), formatSeconds)],
    ['Restarts', restartText(Object.entries(numbersIn(result?.['restarts'])))],
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

/** Patients by split, in the order of trust. */
function populations({ classification, survival }: Evaluation): [string, Content][] {
  return [...classification, ...survival].map(({ split, patients, bags, ...finding }) => {
    const events = 'events' in finding ? `, ${count(finding.events, 'event')}` : '';
    const slides = bags === patients ? '' : ` (${count(bags, 'slide')})`;
    return [`${splitName(split)} patients`, `${patients.toLocaleString('en-US')}${slides}${events}`];
  });
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
