/** What a survival outcome's time and event are, in the words of the job. */
import { asText, member } from './json-shape.ts';
import type { Run } from './run.ts';

export interface FollowUp {
  /** Of an axis: `follow-up (months)`. */
  readonly time: string;
  /** Where the event is stated: `column “died”`. */
  readonly event: string | undefined;
}

/** The job says the unit, or at least the column's name, which often has it. */
export function followUp({ result }: Pick<Run, 'result'>): FollowUp {
  const outcome = member(result, 'job', 'spec', 'cohort', 'outcome');
  const unit = asText(member(outcome, 'timeUnit'));
  const column = asText(member(outcome, 'time'));
  const event = asText(member(outcome, 'event'));
  return {
    time:
      unit !== undefined
        ? `follow-up (${unit})`
        : column === undefined
          ? 'follow-up (unit of the table)'
          : `follow-up (unit of column “${shortened(column)}”)`,
    event: event === undefined ? undefined : `column “${shortened(event)}”`,
  };
}

function shortened(text: string): string {
  return text.length <= 28 ? text : `${text.slice(0, 27)}…`;
}
