export {
  API_VERSION,
  GROUP,
  KIND,
  PLURAL,
  VERSION,
  type AutoscalingStatus,
  type ConditionType,
  type JobCondition,
  type JobMetadata,
  type JobPhase,
  type JobProgress,
  type PodTemplate,
  type RoleField,
  type RoleStatus,
  type WsiTrainingJob,
  type WsiTrainingJobManifest,
  type WsiTrainingJobSpec,
  type WsiTrainingJobSpecManifest,
  type WsiTrainingJobStatus,
} from './definition/job.ts';
export { LONGEST_MODEL } from './definition/autoscaling.ts';
export { OPERATOR_NAME } from './definition/run-policy.ts';
export { EXIT_CLASSES, type ExitClass } from './definition/words.ts';
export type { Json, JsonObject } from './schema/node.ts';
export { formatDuration, parseDuration } from './durations.ts';
export { parseQuantity } from './quantities.ts';
export {
  findCondition,
  isTrue,
  phaseOf,
  REASONS,
  WARNINGS,
  setCondition,
  type ConditionInput,
  type ConditionReason,
  type WarningReason,
} from './conditions.ts';
export {
  applyDefaults,
  manifestError,
  statusProblems,
  validate,
  type ValidateOptions,
  type Validation,
} from './validate.ts';
export { formatProblem, type Problem } from './schema/problem.ts';
export { nearest } from './schema/suggest.ts';
export {
  checkManifest,
  formatManifest,
  jobFromText,
  parseManifest,
  type ManifestOptions,
  type ParsedManifest,
} from './manifest.ts';
export { applyOverrides } from './overrides.ts';
export { customResourceDefinition } from './crd.ts';
