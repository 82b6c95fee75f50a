export { coxLoss, type CoxLoss } from './cox.ts';
export { createHead, describeHead, heads } from './heads.ts';
export type {
  ClassTarget,
  Head,
  HeadSpec,
  LossAndGradient,
  BagOutcome,
  ParameterTensor,
  Predictions,
  Subject,
  TieMethod,
} from './head.ts';
export {
  classificationNetwork,
  classLabels,
  classPredictions,
  classTargets,
  scoreOf,
} from './classification.ts';
export { crossEntropy } from './cross-entropy.ts';
export { Perceptron } from './perceptron.ts';
export { parameters64 } from './through-network.ts';
