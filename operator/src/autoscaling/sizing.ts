/**
 * The autoscaler's part of a pass over a job. At its beginning the size that stands, by which all else is planned; at its
 * end, when it is known what runs and what is to become of the job, the size that stands from the next pass on.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ObservedSlot, Snapshot } from '../job/snapshot.ts';
import type { Slot } from '../job/names.ts';
import { autoscale } from './autoscale.ts';
import { replacedPlaces } from './history.ts';
import type { Autoscaled, AutoscalingObserved } from './input.ts';
import { trialSlot } from './proof.ts';
import { settleForQueue } from './queue-proof.ts';
import { sizedJob } from './sized-job.ts';
import { standingOf } from './standing.ts';

export interface SizingInput {
  /** As it is stored. */
  readonly job: WsiTrainingJob;
  /** The job is over, or being deleted: its size is no longer chosen. */
  readonly over: boolean;
  readonly observed: AutoscalingObserved;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Sizing {
  /** The job at the size that it is to have now. */
  readonly job: WsiTrainingJob;
  /** Pods that are to be removed so that others take their places: decided earlier, and in the stored status since. */
  replaced(snapshot: Snapshot): readonly ObservedSlot[];
  /** Where a worker more is made as a trial of a size; undefined: none is tried. */
  trial(snapshot: Snapshot): Slot | undefined;
  next(pass: SizedPass): Autoscaled;
}

/** What a pass has found. */
export interface SizedPass {
  readonly snapshot: Snapshot;
  readonly gang: {
    /** How many workers the gang lets run. */
    readonly workers: number;
    /** Why its queue can never let more of them run, in its words. */
    readonly neverMore?: string;
    /** A change of pods stops the job: it has to be admitted again. */
    readonly fixedPods: boolean;
  };
  readonly outcome:
    /** @property killed where this pass sees for the first time that a pod was killed for memory */
    | { readonly kind: 'run'; readonly killed: readonly ObservedSlot[] }
    /** @property message in the words of the queue */
    | { readonly kind: 'neverAdmitted'; readonly message: string }
    | { readonly kind: 'other' };
}

export function sizeJob({ job, over, observed, now }: SizingInput): Sizing {
  const standing = standingOf(job, over, observed, now);
  const sized = sizedJob(job, standing.autoscaling);
  return {
    job: sized,
    replaced: (snapshot) => replacedPlaces(job.status?.autoscaling, snapshot, now),
    trial: ({ slots }) => (job.status?.autoscaling?.trial === undefined ? undefined : trialSlot(slots)),
    next: ({ snapshot, gang, outcome }) => {
      const input = { job, sized, snapshot, observed, fixedPods: gang.fixedPods, now };
      switch (outcome.kind) {
        case 'run': {
          const next = autoscale({
            ...input,
            standing: standing.autoscaling,
            admitted: gang.workers,
            ...(gang.neverMore === undefined ? {} : { neverMore: gang.neverMore }),
            killed: outcome.killed,
          });
          return { ...next, events: [...standing.events, ...next.events] };
        }
        case 'neverAdmitted':
          return settleForQueue(input, standing, outcome.message);
        case 'other':
          return { ...standing, due: [] };
      }
    },
  };
}
