/** What is wrong with a cohort's table, and how it is reported: equal faults of many rows in one line. */

export type ProblemCode =
  | 'MalformedCsv'
  | 'EmptyTable'
  | 'WrongDelimiter'
  | 'MissingColumn'
  | 'DuplicateColumn'
  | 'RaggedRow'
  | 'EmptyField'
  | 'AmbiguousWord'
  | 'MangledIdentifier'
  | 'SimilarPatients'
  | 'SimilarClasses'
  | 'SimilarTreatments'
  | 'MissingSlide'
  | 'DuplicateSlide'
  | 'InvalidTime'
  | 'InvalidResolution'
  | 'InvalidEvent'
  | 'InvalidSplit'
  | 'ConflictingOutcome'
  | 'ConflictingTreatment'
  | 'SplitLeak'
  | 'SplitImpossible'
  | 'UnknownPositive'
  | 'TooFewClasses'
  | 'ClassWithOnePatient'
  | 'ClassNotInTraining'
  | 'NoEvents'
  | 'OneTreatment'
  | 'EmptySplit';

/** One thing that is wrong with the table. */
export interface CohortProblem {
  /** Line of the file (the header is line 1) on which the row starts; absent when it concerns the whole table. */
  readonly line?: number;
  readonly column?: string;
  readonly code: ProblemCode;
  readonly message: string;
  /** What can be done; reported once, however many problems have it. */
  readonly remedy?: string;
}

/** Different messages of one code and column that are reported; the rest is counted. */
const SHOWN_OF_A_KIND = 10;
const SHOWN_LINES = 5;

/** `line 7: ...`, or the message alone when it concerns the whole table. */
export function problemText({ line, message }: CohortProblem): string {
  return line === undefined ? message : `line ${line}: ${message}`;
}

/**
 * The problems as lines of text, in their order: equal ones of several rows are one (`40 rows (lines 3, 5, ...): ...`),
 * and of many different ones of a kind the first ten are reported.
 */
export function foldProblems(problems: readonly CohortProblem[]): string[] {
  const kinds = Map.groupBy(problems, ({ code, column }) => `${code}\n${column ?? ''}`);
  const groups = [
    ...Map.groupBy(problems, ({ code, column, message }) => `${code}\n${column ?? ''}\n${message}`),
  ];
  const shown = new Map<string, number>();
  return groups.flatMap(([, equal]) => {
    const { code, column } = equal[0]!;
    const kind = `${code}\n${column ?? ''}`;
    const before = shown.get(kind) ?? 0;
    shown.set(kind, before + 1);
    if (before < SHOWN_OF_A_KIND) return [groupText(equal)];
    if (before > SHOWN_OF_A_KIND) return [];
    const rest = kinds.get(kind)!.slice(kinds.get(kind)!.indexOf(equal[0]!));
    return [`and ${rest.length} more of this kind${linesText(rest, ' on lines ')}`];
  });
}

/** What can be done, each remedy once. */
export function remediesOf(problems: readonly CohortProblem[]): string[] {
  return [...new Set(problems.flatMap(({ remedy }) => remedy ?? []))];
}

function groupText(equal: readonly CohortProblem[]): string {
  const [first] = equal;
  if (first === undefined) return '';
  return equal.length === 1
    ? problemText(first)
    : `${equal.length} rows${linesText(equal, ' (lines ', ')')}: ${first.message}`;
}

function linesText(problems: readonly CohortProblem[], before: string, after = ''): string {
  const lines = problems.flatMap(({ line }) => line ?? []);
  return lines.length === 0 ? '' : `${before}${enumerate(lines, SHOWN_LINES)}${after}`;
}

/** `3, 5, 7, 9, 11 and 35 more`; all of them when they are few. */
export function enumerate(items: readonly (string | number)[], most = SHOWN_LINES): string {
  if (items.length <= most + 1) {
    return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
  }
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}
