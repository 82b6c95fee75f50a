/** What somebody should check although the job goes on. Kept in the status, so that each is reported once. */
import {
  unusedDevices,
  WARNINGS,
  type WarningReason,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { PlanEvent } from '../job/actions.ts';
import { outputPersists } from '../objects/output-claim.ts';

/** A coordinator under load may be late by minutes. */
const SILENCE_MILLISECONDS = 5 * 60_000;

const MOST_NAMES = 5;

type Warnings = NonNullable<WsiTrainingJobStatus['warnings']>;

/** @param found what was seen of the job's certificates and objects */
export function warningsOf(
  job: WsiTrainingJob,
  settings: ClusterSettings,
  found: {
    readonly expiring: boolean;
    readonly topologyIgnored?: boolean;
    readonly contested?: readonly string[] | undefined;
    readonly silentFor?: number | undefined;
    readonly answerRefused?: boolean | undefined;
    readonly foreignPods?: readonly string[] | undefined;
  },
): Warnings {
  const {
    expiring,
    topologyIgnored = false,
    contested = [],
    silentFor = 0,
    answerRefused = false,
    foreignPods = [],
  } = found;
  const unused = unusedDevices(job).map(({ problem, remedy = '' }) => `${problem}. ${remedy}`);
  const lasting = settings.outputPersists === true || outputPersists(job);
  const reasons: WarningReason[] = [
    ...(lasting ? [] : (['OutputNotPersistent'] as const)),
    ...(expiring ? (['CertificatesExpiring'] as const) : []),
    ...(job.spec.runPolicy.managedBy === undefined ? [] : (['FieldOutdated'] as const)),
    ...(topologyIgnored ? (['TopologyIgnored'] as const) : []),
    ...(silentFor < SILENCE_MILLISECONDS ? [] : (['CoordinatorSilent'] as const)),
    ...(answerRefused ? (['AnswerRefused'] as const) : []),
    ...unusedReasons(unused),
    ...(foreignPods.length === 0 ? [] : (['ForeignPods'] as const)),
    ...(contested.length === 0 ? [] : (['ObjectContested'] as const)),
  ];
  const details: Partial<Record<WarningReason, string>> = {
    ObjectContested: ` (${contested.join(', ')})`,
    DevicesUnused: ` ${unused.join(' ')}`,
    ForeignPods: ` ${listed(foreignPods)}.`,
  };
  return reasons.map((reason) => ({ reason, message: `${WARNINGS[reason]}${details[reason] ?? ''}` }));
}

function unusedReasons(unused: readonly string[]): WarningReason[] {
  return unused.length === 0 ? [] : ['DevicesUnused'];
}

/** Anyone may make as many as a quota allows. */
function listed(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, MOST_NAMES).join(', ');
  return names.length <= MOST_NAMES ? shown : `${shown} and ${names.length - MOST_NAMES} more`;
}

export function warningEvents(before: Warnings | undefined, after: Warnings | undefined): PlanEvent[] {
  const known = new Set(before?.map(({ reason }) => reason));
  return (after ?? [])
    .filter(({ reason }) => !known.has(reason))
    .map(({ reason, message }) => ({ type: 'Warning', reason, message }));
}
