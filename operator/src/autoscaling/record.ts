/** How a decision is kept in the status and reported as an event. Everything that is kept is bounded. */
import type { AutoscalingStatus } from '@wsi-operator/api';
import type { PlanEvent } from '../job/actions.ts';

type Kept = NonNullable<AutoscalingStatus['decisions']>[number];

export interface Made {
  readonly what: Kept['what'];
  readonly from?: number;
  readonly to?: number;
  readonly reason: string;
  /** Whom the event is about, when it is about one. */
  readonly pod?: string;
}

const KEPT_DECISIONS = 16;
const LONGEST_REASON = 1024;
const LONGEST_SUMMARY = 2048;
const MOST_ADVICE = 8;
const LONGEST_ADVICE = 512;

const EVENT_REASONS: Readonly<Record<Kept['what'], string>> = {
  workers: 'Rescaled',
  servers: 'Rescaled',
  memory: 'MemoryRaised',
  replacement: 'WorkerReplaced',
};

export interface Recorded {
  readonly autoscaling: AutoscalingStatus;
  readonly events: readonly PlanEvent[];
}

/** Adds changes to what stands; without any it is as it was. */
export function recorded(standing: AutoscalingStatus, made: readonly Made[], now: number): Recorded {
  if (made.length === 0) return { autoscaling: standing, events: [] };
  const time = iso(now);
  const kept = made.map(({ pod: _pod, ...one }): Kept => ({
    ...one,
    time,
    reason: cut(one.reason, LONGEST_REASON),
  }));
  const sizes = made.filter(({ what }) => what === 'workers' || what === 'servers').length;
  return {
    autoscaling: {
      ...standing,
      decisions: [...(standing.decisions ?? []), ...kept].slice(-KEPT_DECISIONS),
      changes: (standing.changes ?? 0) + sizes,
    },
    events: made.map(({ what, reason, pod }) => ({
      type: 'Normal',
      reason: EVENT_REASONS[what],
      message: cut(reason, LONGEST_REASON),
      ...(pod === undefined ? {} : { pod }),
    })),
  };
}

export function summary(reason: string): string {
  return cut(reason, LONGEST_SUMMARY);
}

/** Advice as it is kept, and an event for each piece that is not only the old one with other numbers. */
export function advised(
  before: readonly string[] | undefined,
  advice: readonly string[],
): { readonly advice: readonly string[]; readonly events: readonly PlanEvent[] } {
  const kept = advice.slice(0, MOST_ADVICE).map((text) => cut(text, LONGEST_ADVICE));
  const known = new Set(before?.map(withoutNumbers));
  const news = kept.filter((text) => !known.has(withoutNumbers(text)));
  return {
    advice: kept,
    events: news.map((message) => ({ type: 'Normal', reason: 'AutoscalingAdvice', message })),
  };
}

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Milliseconds since the epoch; 0 for what is no time. */
export function moment(time: string | undefined): number {
  const parsed = Date.parse(time ?? '');
  return Number.isNaN(parsed) ? 0 : parsed;
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/[\d.]+/g, '#');
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}
