export { bootstrapInterval, quantile, type BootstrapInterval, type BootstrapOptions } from './bootstrap.ts';
export {
  accuracy,
  balancedAccuracy,
  brierScore,
  clusteredAccuracy,
  confusionMatrix,
  logLoss,
  predictedClasses,
  type Accuracy,
  type ConfusionMatrix,
} from './classification.ts';
export { concordanceIndex, type Concordance } from './concordance.ts';
export { chiSquaredTail, normalCdf, normalQuantile } from './distributions.ts';
export {
  byPatient,
  unitOf,
  type CaseOutcome,
  type PredictedCase,
  type ScoredCase,
  type Unit,
} from './evaluation/cases.ts';
export { predictedColumns, type ClassArea, type ClassificationFinding } from './evaluation/classification.ts';
export type { Estimate } from './evaluation/estimate.ts';
export {
  bySplit,
  evaluatePredictions,
  metricsOfSplit,
  SPLIT_ORDER,
  type Evaluation,
  type EvaluationOptions,
} from './evaluation/evaluate.ts';
export type { SurvivalFinding, SurvivalGroup, SurvivalGroups } from './evaluation/survival.ts';
export { splitName, verdictOf, type Verdict } from './evaluation/verdict.ts';
export type { VerdictKind } from './evaluation/verdict-kind.ts';
export { patientsToTell } from './evaluation/next-steps.ts';
export { criticalValue, wilsonInterval, type Interval } from './interval.ts';
export { kaplanMeier, survivalAt, type SurvivalCurve, type SurvivalStep } from './kaplan-meier.ts';
export { logRankTest, type LogRank } from './log-rank.ts';
export { meanRocArea, rocArea, rocCurve, type RocArea, type RocPoint } from './roc.ts';
export type { Clustered, Survival } from './samples.ts';
export { count, formatInterval, formatLevel, formatPercent, formatPValue, formatShare } from './wording.ts';
