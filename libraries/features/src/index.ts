export {
  FEATURE_LAYOUTS,
  sameKey,
  type FeatureFile,
  type FeatureKey,
  type FeatureLayout,
  type SurveyedFeatures,
} from './feature-file.ts';
export { FeatureReader } from './feature-reader.ts';
export type { FeatureContent } from './layouts/content.ts';
export { FeatureWriter, removeUnfinished, type FeatureRows } from './feature-writer.ts';
