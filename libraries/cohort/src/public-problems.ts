/** The public part of the problems of a table: their kinds, counts and lines (pure). */
import { joinPublic, publicText, type PublicText } from '@wsi-operator/foundation';
import type { CohortProblem, ProblemCode } from './problems.ts';

const KINDS: Readonly<Record<ProblemCode, PublicText>> = {
  MalformedCsv: publicText`the text is no table`,
  EmptyTable: publicText`the table has no rows`,
  WrongDelimiter: publicText`the columns are separated in another way`,
  MissingColumn: publicText`a column is missing`,
  DuplicateColumn: publicText`a column is there twice`,
  RaggedRow: publicText`the row has more or fewer cells than the header`,
  EmptyField: publicText`a field is empty`,
  AmbiguousWord: publicText`a word may stand for a missing value`,
  MangledIdentifier: publicText`an identifier was changed by a spreadsheet`,
  SimilarPatients: publicText`a patient is there in two spellings`,
  SimilarClasses: publicText`a class is there in two spellings`,
  SimilarTreatments: publicText`a treatment is there in two spellings`,
  MissingSlide: publicText`the slide is missing`,
  DuplicateSlide: publicText`the slide is that of another row, too`,
  InvalidTime: publicText`the time cannot be used`,
  InvalidResolution: publicText`the resolution cannot be used`,
  InvalidEvent: publicText`the event cannot be used`,
  InvalidSplit: publicText`the split is none`,
  ConflictingOutcome: publicText`a patient has two outcomes`,
  ConflictingTreatment: publicText`a patient has two treatments`,
  SplitLeak: publicText`a patient is on two sides of the split`,
  SplitImpossible: publicText`the patients cannot be split as the job says`,
  UnknownPositive: publicText`no row has the class that the job calls positive`,
  TooFewClasses: publicText`all rows have the same class`,
  ClassWithOnePatient: publicText`a class has one patient`,
  ClassNotInTraining: publicText`a class is not in training`,
  NoEvents: publicText`no patient has an event`,
  OneTreatment: publicText`there are no two treatments`,
  EmptySplit: publicText`no patient is in training`,
};

const SHOWN_LINES = 5;

/** `lines 3, 5 and 7: the slide is missing; line 9: a field is empty` */
export function publicProblems(problems: readonly CohortProblem[]): PublicText {
  const kinds = [...Map.groupBy(problems, ({ code }) => code)];
  return joinPublic(
    kinds.map(([code, of]) => publicText`${linesText(of)}${KINDS[code]}`),
    '; ',
  );
}

function linesText(problems: readonly CohortProblem[]): PublicText {
  const lines = [...new Set(problems.flatMap(({ line }) => line ?? []))];
  const [first] = lines;
  if (first === undefined) return publicText``;
  if (lines.length === 1) return publicText`line ${first}: `;
  const shown = joinPublic(
    lines.slice(0, SHOWN_LINES).map((line) => publicText`${line}`),
    ', ',
  );
  return lines.length > SHOWN_LINES
    ? publicText`lines ${shown} and ${lines.length - SHOWN_LINES} more: `
    : publicText`lines ${shown}: `;
}
