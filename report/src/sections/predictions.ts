/** Every prediction as a table. */
import { basename } from 'node:path';
import { classNames } from '../findings.ts';
import { count, formatNumber, formatShare } from '../format.ts';
import { html, type Content, type Markup } from '../markup.ts';
import { bySplit, type Prediction, type Run } from '../run.ts';
import { absent, section, table } from './section.ts';

const MAXIMUM_ROWS = 1000;

export function predictionsSection(run: Run): Markup {
  const { predictions } = run;
  if (predictions.length === 0) {
    return section(
      'predictions',
      'Predictions',
      absent(run.missing['predictions.json'] ?? 'There are none.'),
    );
  }
  const shown = bySplit(predictions)
    .flatMap(([, of]) => of)
    .slice(0, MAXIMUM_ROWS);
  const names = classNames(predictions);
  const treated = predictions.some(({ treatment }) => treatment !== undefined);
  const survival = predictions[0]?.outcome.type === 'survival';
  const head = survival
    ? ['Patient', 'Split', 'Slides', 'Time', 'Event', ...(treated ? ['Treatment'] : []), 'Log hazard ratio']
    : ['Patient', 'Split', 'Slides', 'Actual', 'Predicted', ...probabilityTitles(names), ''];
  const rows = shown.map((prediction) =>
    survival ? survivalRow(prediction, treated) : classificationRow(prediction, names),
  );
  const rest = predictions.length - shown.length;
  return section(
    'predictions',
    'Predictions',
    html`<details>
      <summary>${count(predictions.length, 'prediction')}</summary>
      ${table(head, rows, 'sortable')}${rest > 0 && html`<p class="note">${count(rest, 'more prediction')} in predictions.json.</p>`}
    </details>`,
  );
}

function probabilityTitles(names: readonly string[]): string[] {
  return names.length === 2 ? [`P(${names[1]!})`] : names.map((name) => `P(${name})`);
}

function classificationRow(prediction: Prediction, names: readonly string[]): Content[] {
  const { outcome, probabilities = [] } = prediction;
  const predicted = probabilities.indexOf(Math.max(...probabilities));
  const actual = outcome.type === 'classification' ? outcome.index : -1;
  const shown = names.length === 2 ? probabilities.slice(1) : probabilities;
  return [
    ...common(prediction),
    outcome.type === 'classification' ? outcome.name : '',
    names[predicted] ?? '–',
    ...names.slice(names.length === 2 ? 1 : 0).map((_, index) => formatShare(shown[index] ?? NaN)),
    predicted === actual ? '' : html`<span class="wrong">✗ wrong</span>`,
  ];
}

function survivalRow(prediction: Prediction, treated: boolean): Content[] {
  const { outcome, treatment, score } = prediction;
  const known = outcome.type === 'survival' ? outcome : undefined;
  return [
    ...common(prediction),
    known && formatNumber(known.time),
    known?.event === true ? 'event' : 'censored',
    ...(treated ? [treatment] : []),
    formatNumber(score),
  ];
}

function common({ patient, bag, split, slides }: Prediction): Content[] {
  const first = slides.map((slide) => basename(slide));
  const text =
    first.length > 2 ? `${first.slice(0, 2).join(', ')} and ${first.length - 2} more` : first.join(', ');
  return [patient === bag || first.includes(bag) ? patient : `${patient} / ${bag}`, split, text];
}
