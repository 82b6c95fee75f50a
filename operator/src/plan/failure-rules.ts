/** What follows an end: the first rule of runPolicy.podFailurePolicy that applies, or else the usual of its kind. */
import type { ConditionReason, WsiTrainingJob } from '@wsi-operator/api';
import { EXIT_POLICY, type PodEnd } from './exit-class.ts';
import type { Slot } from '../job/names.ts';

export type Consequence =
  /** Started again; `counts` against the back-off limit or not. */
  | { readonly kind: 'restart'; readonly counts: boolean }
  | { readonly kind: 'fail'; readonly reason: ConditionReason; readonly note: string };

type Rule = NonNullable<WsiTrainingJob['spec']['runPolicy']['podFailurePolicy']>['rules'][number];

export function consequenceOf(job: WsiTrainingJob, slot: Slot, end: PodEnd): Consequence {
  const rules = job.spec.runPolicy.podFailurePolicy?.rules ?? [];
  const index = rules.findIndex((rule) => applies(rule, slot, end));
  switch (rules[index]?.action) {
    case 'FailJob':
      return {
        kind: 'fail',
        reason: 'PodFailurePolicy',
        note: ` (rule ${index + 1} of runPolicy.podFailurePolicy)`,
      };
    case 'Restart':
      return { kind: 'restart', counts: true };
    case 'Ignore':
      return { kind: 'restart', counts: false };
    case undefined:
      return usual(end);
  }
}

function usual({ exitClass }: PodEnd): Consequence {
  const { restart, counts } = EXIT_POLICY[exitClass];
  return restart ? { kind: 'restart', counts } : { kind: 'fail', reason: 'InputInvalid', note: '' };
}

/** Everything that a rule names must hold. */
function applies({ roles, exitCodes, reasons }: Rule, slot: Slot, end: PodEnd): boolean {
  if (roles !== undefined && !roles.includes(slot.role)) return false;
  if (reasons !== undefined && !reasons.includes(end.exitClass)) return false;
  if (exitCodes === undefined) return true;
  // A pod that was evicted before it ran has no code, and so none of the values and none of the others.
  if (end.exitCode === undefined) return false;
  return exitCodes.values.includes(end.exitCode) === (exitCodes.operator === 'In');
}
