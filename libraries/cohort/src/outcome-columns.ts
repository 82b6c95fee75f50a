/** The columns that an outcome is read from. */
import type { CohortSpec } from './cohort.ts';
import type { ColumnKind } from './missing.ts';

/** A column that every row must have a value in. */
interface OutcomeColumn {
  /** What it is to the outcome, for messages. */
  readonly role: string;
  readonly column: string;
  readonly kind: ColumnKind;
}

export function outcomeColumns(outcome: CohortSpec['outcome']): readonly OutcomeColumn[] {
  switch (outcome.type) {
    case 'classification':
      return [{ role: 'class', column: outcome.column, kind: 'class' }];
    case 'survival':
      return [
        { role: 'time', column: outcome.time, kind: 'number' },
        { role: 'event', column: outcome.event, kind: 'number' },
      ];
  }
}
