export {
  type Cohort,
  type CohortCase,
  type CohortSpec,
  type ObservedOutcome,
  type OutcomeSpec,
  type S3Spec,
  type SpellingPolicy,
  type Split,
  type SplitSpec,
  SPLITS,
} from './cohort.ts';
export {
  CohortError,
  directoryOf,
  examineCohort,
  readCohort,
  readTableText,
  type ReadCohortOptions,
  resolveCohortPath,
} from './read-cohort.ts';
export { type ColumnKind, type Meaning, type MissingSpec, MissingValues } from './missing.ts';
export { type CohortProblem, foldProblems, type ProblemCode, problemText, remediesOf } from './problems.ts';
export { type CohortSummary, type Counts, summarise } from './summary.ts';
export {
  bagSlides,
  parseSlideTable,
  slidesIn,
  type ListedSlide,
  type MissingSlide,
  type SlideBag,
  type SlideTable,
  type SlideTableSpec,
} from './slide-table.ts';
export { patientSkeletonOf } from './spelling/skeleton.ts';
export { featureDirectory } from './feature-directory.ts';
export { slideDirectory } from './slide-directory.ts';
export { splitPatients, type FractionSplit, type StratifiedPatient } from './split.ts';
export type { SlideLookup, SlideOracle } from './table-fields.ts';
export { type CohortExamination, type CohortResult, examineTable, parseCohort } from './table.ts';
export {
  SYNTHESIS_TASKS,
  type SynthesisOptions,
  type SynthesisParameters,
  type SynthesisProgress,
  type SynthesisTask,
} from './synth/options.ts';
export { HAZARD_MODEL, hazardOf, type HazardModel } from './synth/survival.ts';
export { synthesizeCohort, type SynthesisResult } from './synth/synthesize.ts';
export { directIdentifiers, type IdentifyingColumn, kindOfColumn } from './privacy/direct-identifiers.ts';
export type { IdentifierKind } from './privacy/identifying-words.ts';
export { csvText, type Pseudonym, pseudonymise, pseudonymOf } from './privacy/pseudonyms.ts';
export { checkNames } from './table-names.ts';
export { columnsOf, readRows } from './table-rows.ts';
