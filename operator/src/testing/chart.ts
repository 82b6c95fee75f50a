/** What the Helm chart says again and must agree with: options, metrics, rights and the outcomes of a reconciliation. */
export { RIGHTS } from '../cluster/kubernetes/rights.ts';
export type { PassOutcome } from '../loop/reconciler.ts';
export { OperatorMetrics } from '../service/metrics.ts';
export { readOptions, type OperatorOptions } from '../service/options.ts';
