export { coxLoss, type CoxLoss } from './cox.ts';
export { createHead } from './create.ts';
export type {
  Head,
  HeadSpec,
  LossAndGradient,
  Outcome,
  ParameterTensor,
  Predictions,
  TieMethod,
} from './head.ts';
export { instanceLossAndGradient, instancePredict, type InstanceLoss } from './instance.ts';
