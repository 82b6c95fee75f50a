export {
  type Cohort,
  type CohortCase,
  type CohortSpec,
  type Outcome,
  type OutcomeSpec,
  type S3Spec,
  type Split,
  type SplitSpec,
  SPLITS,
} from './cohort.ts';
export {
  CohortError,
  problemText,
  readCohort,
  type ReadCohortOptions,
  resolveCohortPath,
} from './read-cohort.ts';
export { slideDirectory } from './slide-directory.ts';
export { foldPatients, splitPatients, type FractionSplit, type StratifiedPatient } from './split.ts';
export { type CohortProblem, type ProblemCode } from './table-rows.ts';
export type { SlideLookup, SlideOracle } from './table-fields.ts';
export { parseCohort, type CohortResult } from './table.ts';
export {
  writePyramid,
  type PyramidOptions,
  type SourceTile,
  type TileSource,
  type WrittenSlide,
} from './tiff/tiff-writer.ts';
export {
  SYNTHESIS_TASKS,
  type SynthesisOptions,
  type SynthesisParameters,
  type SynthesisProgress,
  type SynthesisTask,
} from './synth/options.ts';
export { HAZARD_MODEL, hazardOf, type HazardModel } from './synth/survival.ts';
export { synthesizeCohort, type SynthesisResult } from './synth/synthesize.ts';
