/** Every prediction as a table. */
import { basename } from 'node:path';
import type { Judgement } from '../judge.ts';
import { followUp } from '../follow-up.ts';
import { count, formatNumber, formatShare, sentenceCase } from '../format.ts';
import { html, type Content, type Markup } from '../markup.ts';
import { bySplit } from '@wsi-operator/statistics';
import { classOf } from '../read-predictions.ts';
import type { NamedOutcome, Prediction, Run } from '../run.ts';
import { absent, section, table } from './section.ts';

const MAXIMUM_ROWS = 1000;

/** How predictions of one type of outcome are written down. */
interface OutcomeTable {
  readonly head: readonly string[];
  readonly row: (prediction: Prediction) => Content[];
  /** How to read it. */
  readonly note?: string;
}

export function predictionsSection(run: Run, { classes: names, evaluation }: Judgement): Markup {
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
  const treated = predictions.some(({ treatment }) => treatment !== undefined);
  const { type } = predictions[0]!.outcome;
  const time = followUp(run).time;
  // Of two classes one probability says it all: the positive class'.
  const columns = names.length === 2 ? [evaluation.positive ?? 1] : [...names.keys()];
  const tables: Readonly<Record<NamedOutcome['type'], OutcomeTable>> = {
    classification: {
      head: [
        'Patient',
        'Split',
        'Slides',
        'Actual',
        'Predicted',
        ...columns.map((index) => `P(${names[index]!})`),
        'Right',
      ],
      row: (prediction) => classificationRow(prediction, names, columns),
    },
    survival: {
      head: [
        'Patient',
        'Split',
        'Slides',
        sentenceCase(time),
        'Event',
        ...(treated ? ['Treatment'] : []),
        'Log hazard ratio',
      ],
      row: (prediction) => survivalRow(prediction, treated),
      note: 'A higher log hazard ratio means that the event is expected earlier.',
    },
  };
  const { head, row, note } = tables[type];
  const rows = shown.map(row);
  const rest = predictions.length - shown.length;
  return section(
    'predictions',
    'Predictions',
    html`<details>
      <summary>${count(predictions.length, 'prediction')}</summary>
      ${note !== undefined && html`<p class="note">${note}</p>`}${table(head, rows, 'sortable')}${rest > 0 && html`<p class="note">${count(rest, 'more prediction')} in predictions.json.</p>`}
    </details>`,
  );
}

function classificationRow(
  prediction: Prediction,
  names: readonly string[],
  columns: readonly number[],
): Content[] {
  const { outcome, probabilities = [] } = prediction;
  const predicted = probabilities.indexOf(Math.max(...probabilities));
  const actual = classOf(outcome);
  return [
    ...common(prediction),
    actual?.name ?? '',
    names[predicted] ?? '–',
    ...columns.map((index) => formatShare(probabilities[index] ?? NaN)),
    predicted === (actual?.index ?? -1) ? 'yes' : html`<span class="wrong">✗ wrong</span>`,
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
