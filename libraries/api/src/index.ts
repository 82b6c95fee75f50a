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
export { managerOf, MULTIKUEUE_NAME, OPERATOR_NAME } from './definition/run-policy.ts';
export {
  AGGREGATORS,
  ENCODERS,
  HEADS,
  type AggregatorName,
  type EncoderName,
  type HeadName,
  type OutcomeType,
} from './definition/model-parts.ts';
export { SCHEDULES } from './definition/training.ts';
export { SELECTION_METRICS, type SelectionMetric } from './definition/selection.ts';
export { GANG_NAMES, type GangName } from './definition/gangs.ts';
export {
  LABELS,
  OUTPUT_MOUNT,
  OUTPUT_VOLUME,
  OWN_LABELS,
  OWN_MOUNTS,
  OWN_VOLUMES,
  podNameOf,
  ROLE_FIELDS,
  ROLES,
  RPC_PORT,
  slotOfLabels,
  STORE_VARIABLES,
  TERMINATION_LOG,
  TRAINER_CONTAINER,
  type OwnVariable,
  type Role,
  type Slot,
} from './vocabulary.ts';
export { autoscalingDefaults } from './autoscaling-defaults.ts';
export { EXIT_CLASSES, PHASES, type ExitClass } from './definition/words.ts';
export { MOST_SERVERS } from './definition/roles.ts';
export type { Json, JsonObject } from './schema/node.ts';
export { QUEUE_LABEL, queueLabelOf, queueLabelProblem } from './queue-label.ts';
export {
  readsStore,
  storeEndpointProblems,
  templateEndpoints,
  type TemplateEndpoint,
} from './store-endpoints.ts';
export { formatDuration, parseDuration } from './durations.ts';
export { parseQuantity } from './quantities.ts';
export { unusedDevices } from './unused-devices.ts';
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
export { dataPaths, slideDirectory, withDataPaths, type DataPath, type DataReader } from './data-paths.ts';
export { applyOverrides } from './overrides.ts';
export { customResourceDefinition } from './crd.ts';
export {
  DEFAULT_ISOLATION,
  isolationFromJson,
  isolationProblems,
  isolationVariables,
  ISOLATION_LISTS,
  ISOLATION_RULES,
  policyRules,
  PROFILES,
  type IsolationDefaults,
  type IsolationSettings,
  type PolicyRules,
  type Profile,
} from './isolation/index.ts';
