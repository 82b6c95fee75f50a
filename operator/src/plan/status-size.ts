/**
 * A status has a size that is stated, whatever a coordinator says, a kubelet reports or the API server refuses: etcd takes
 * 1.5 MiB, every change goes to everyone who watches, and the operator holds the statuses of all jobs.
 */
import type { WsiTrainingJobStatus } from '@wsi-operator/api';

/** Bytes of JSON, where pods have failed in some hundreds of slots at most. */
export const MOST_STATUS_BYTES = 64 * 1024;
/**
 * The counts of failed pods are what the policy goes by, and stay. Beyond this half they are all that is there of failures,
 * and take nothing more from the rest, so that a status has at most the other half and about 250 bytes a place.
 */
const HALF = MOST_STATUS_BYTES / 2;
/** Characters of a text, when the status would be larger otherwise. */
const SHORT_MESSAGE = 256;

type Change = (status: WsiTrainingJobStatus) => WsiTrainingJobStatus;
type Failures = NonNullable<WsiTrainingJobStatus['failures']>;

/** What is given up, one after the other, until the rest is small enough: first what can be had elsewhere. */
const GIVEN_UP: readonly Change[] = [
  (status) => ({ ...status, metrics: {} }),
  ({ message, conditions = [], warnings, ...rest }) => ({
    ...rest,
    conditions: conditions.map((one) => ({ ...one, message: short(one.message) })),
    ...(warnings === undefined
      ? {}
      : { warnings: warnings.map((one) => ({ ...one, message: short(one.message) })) }),
    ...(message === undefined ? {} : { message: short(message) }),
  }),
  ({ autoscaling, ...rest }) => {
    if (autoscaling === undefined) return rest;
    const { model: _fittedAgain, decisions = [], ...sizes } = autoscaling;
    return { ...rest, autoscaling: { ...sizes, decisions: decisions.slice(-4) } };
  },
];
/** Characters of each message, the same way. */
const MESSAGES = [80, 0] as const;

export function withinBounds(status: WsiTrainingJobStatus): WsiTrainingJobStatus {
  if (sizeOf(status) <= MOST_STATUS_BYTES) return status;
  const { failures, ...others } = status;
  const bounded = failures === undefined ? undefined : boundedFailures(failures);
  const most = MOST_STATUS_BYTES - Math.min(bounded === undefined ? 0 : sizeOf(bounded), HALF);
  let rest: WsiTrainingJobStatus = others;
  for (const giveUp of GIVEN_UP) {
    if (sizeOf(rest) <= most) break;
    rest = giveUp(rest);
  }
  return bounded === undefined ? rest : { ...rest, failures: bounded };
}

function boundedFailures(failures: Failures): Failures {
  let bounded = failures;
  for (const length of MESSAGES) {
    if (sizeOf(bounded) <= HALF) break;
    bounded = failures.map((one) => ({ ...one, message: one.message.slice(0, length) }));
  }
  return bounded;
}

function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function short(text: string): string {
  return text.length <= SHORT_MESSAGE ? text : `${text.slice(0, SHORT_MESSAGE - 3)}...`;
}
