/** What somebody should look at although the job goes on. Kept in the status, so that each is told once. */
import { WARNINGS, type WarningReason, type WsiTrainingJob, type WsiTrainingJobStatus } from '@wsi/api';
import type { ClusterSettings } from '../cluster/port.ts';
import type { PlanEvent } from './actions.ts';
import { outputPersists } from './output-claim.ts';

type Warnings = NonNullable<WsiTrainingJobStatus['warnings']>;

export function warningsOf(job: WsiTrainingJob, settings: ClusterSettings, expiring: boolean): Warnings {
  const lasting = settings.outputPersists === true || outputPersists(job);
  const reasons: WarningReason[] = [
    ...(lasting ? [] : (['OutputNotPersistent'] as const)),
    ...(expiring ? (['CertificatesExpiring'] as const) : []),
  ];
  return reasons.map((reason) => ({ reason, message: WARNINGS[reason] }));
}

export function warningEvents(before: Warnings | undefined, after: Warnings | undefined): PlanEvent[] {
  const known = new Set(before?.map(({ reason }) => reason));
  return (after ?? [])
    .filter(({ reason }) => !known.has(reason))
    .map(({ reason, message }) => ({ type: 'Warning', reason, message }));
}
