export { bootstrapInterval, quantile, type BootstrapInterval, type BootstrapOptions } from './bootstrap.ts';
export {
  accuracy,
  balancedAccuracy,
  brierScore,
  confusionMatrix,
  predictedClasses,
  type Accuracy,
  type ConfusionMatrix,
} from './classification.ts';
export { concordanceIndex, type Concordance, type ConcordanceOptions } from './concordance.ts';
export { chiSquaredTail, normalCdf, normalQuantile } from './distributions.ts';
export { criticalValue, waldInterval, wilsonInterval, type Interval } from './interval.ts';
export { kaplanMeier, survivalAt, type SurvivalCurve, type SurvivalStep } from './kaplan-meier.ts';
export { logRankTest, type LogRank } from './log-rank.ts';
export { rocArea, rocCurve, type RocArea, type RocPoint } from './roc.ts';
export type { Survival } from './samples.ts';
