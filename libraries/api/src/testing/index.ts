export { acceptances } from './acceptances.ts';
export { clusterRefusals } from './cluster-refusals.ts';
export { fieldRefusals } from './field-refusals.ts';
export {
  classificationJob,
  refusedManifest,
  survivalJob,
  withField,
  withFields,
  type Refusal,
} from './manifests.ts';
export { isolationRefusals } from './isolation-refusals.ts';
export { ruleRefusals } from './rule-refusals.ts';
