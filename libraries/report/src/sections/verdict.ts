/** The first thing on the page: the result in plain words, its interval on a scale, and what to do next. */
import {
  formatInterval,
  formatLevel,
  formatShare,
  type Estimate,
  type Verdict,
  type VerdictKind,
} from '@wsi-operator/statistics';
import { sentenceCase } from '../format.ts';
import { html, type Content, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';

/** Colour says what the words say, never more: only what is better than chance is the accent's. */
const TONES: Readonly<Record<VerdictKind, 'good' | 'fair' | 'none' | 'bad'>> = {
  better: 'good',
  imprecise: 'fair',
  chance: 'none',
  undefined: 'none',
  untested: 'none',
  none: 'none',
  worse: 'bad',
};

export function verdictBlock(verdict: Verdict): Markup {
  const { kind, headline, estimate, reasons, next, result } = verdict;
  return html`<div class="verdict ${TONES[kind]}">
    <div>
      <h2 class="judgement">${kept(headline)}</h2>
      <p class="result">${result}</p>
      ${estimate === undefined ? undefined : intervalScale(estimate, verdict.measure ?? 'value')}
      ${reasons.map((reason) => html`<p>${reason}</p>`)}
    </div>
    <div class="next">
      <h3>What to do next</h3>
      <ol>
        ${next.map((step) => html`<li>${withCode(step)}</li>`)}
      </ol>
    </div>
  </div>`;
}

/** Without predictions there is nothing to judge: the page says where the run is. */
export function underWayBlock(run: Run): Markup {
  const { status } = run;
  const failed = status?.phase === 'Failed';
  const lines = [
    stepWords(run),
    status?.message === undefined || status.message === '' ? undefined : sentence(status.message),
    failed || status?.eta === undefined ? undefined : `About ${status.eta} of training are left.`,
    timeWords(status),
  ];
  return html`<div class="verdict ${failed ? 'bad' : 'none'}">
    <div>
      <h2 class="judgement">
        ${failed ? 'No result: the run has failed' : 'No result yet: the run is under way'}
      </h2>
      ${lines.map((line) => line !== undefined && html`<p>${line}</p>`)}
    </div>
  </div>`;
}

function stepWords({ status, steps }: Run): string {
  const last = steps.at(-1);
  const step = status?.step ?? (last === undefined ? undefined : last.step + 1);
  if (step === undefined) return 'No step has been made yet.';
  return `Step ${step}${status?.steps === undefined ? '' : ` of ${status.steps}`} is done${epochWords(status)}.`;
}

function timeWords(status: Run['status']): string | undefined {
  if (status?.at === undefined) return undefined;
  return `As of ${status.at.slice(0, 16).replace('T', ' ')} UTC; “wsi report” with this directory draws the page again.`;
}

function epochWords(status: Run['status']): string {
  if (status?.epoch === undefined || status.epochs === undefined) return '';
  return `, epoch ${Math.min(status.epoch + 1, status.epochs)} of ${status.epochs}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? sentenceCase(text) : `${sentenceCase(text)}.`;
}

/** The whole range of the measure, so that an interval is seen as long as it is. */
function intervalScale({ value, lower, upper, level, method, chance }: Estimate, name: string): Markup {
  const at = (share: number): string => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
  const words = `${name} ${formatShare(value)}, ${formatLevel(level)} interval ${formatInterval({ lower, upper })}`;
  return html`<figure class="interval" role="img" aria-label="${words}">
    <div class="track">
      ${chance !== undefined && html`<i class="coin" style="left: ${at(chance)}"></i>`}
      <i class="range" style="left: ${at(lower)}; width: ${at(upper - lower)}"></i>
      <i class="point" style="left: ${at(value)}"></i>
    </div>
    <div class="ticks">
      <span style="left: 0">0</span>${
        chance !== undefined && html`<span style="left: ${at(chance)}">${chance} chance</span>`
      }<span style="left: 100%">1</span>
    </div>
    <figcaption>
      ${name}: the point; ${formatLevel(level)} confidence interval (${method}): the bar.
    </figcaption>
  </figure>`;
}

/** A number stays with its noun. */
function kept(text: string): string {
  return text.replace(/(\d) /g, '$1\u00a0');
}

/** `text` between backquotes as code. */
function withCode(text: string): Content[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
