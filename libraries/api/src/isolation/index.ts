/** Isolation of jobs: the administrator's settings, the rules, what of a job breaks them, and the same for the API server. */
export {
  policyRules,
  type PolicyRules,
  type PolicyValidation,
  type PolicyVariable,
} from './admission-policy.ts';
export { isolationProblems, isolationVariables, type IsolationDefaults } from './check.ts';
export { ISOLATION_RULES } from './rules.ts';
export {
  DEFAULT_ISOLATION,
  isolationFromJson,
  ISOLATION_LISTS,
  PROFILES,
  type IsolationSettings,
  type Profile,
} from './settings.ts';
