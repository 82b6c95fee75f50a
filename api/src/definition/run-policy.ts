/** Checkpoints, autoscaling, and what happens on failure and after the end. */
import { choice, defaulted, integer, object, optional, planned, real, text } from '../schema/build.ts';
import { DURATION_EXPRESSION } from '../durations.ts';

export const checkpoint = object('When the state of the run is saved.', {
  everySteps: defaulted(
    integer('Steps between two checkpoints; there is always one at the end and on suspension.', {
      minimum: 1,
      maximum: 1000000000,
      unit: 'steps',
    }),
    10,
  ),
  keep: defaulted(
    integer('How many of the newest checkpoints are kept.', {
      minimum: 1,
      maximum: 1000,
      unit: 'checkpoints',
    }),
    3,
  ),
});

export const autoscaling = object('Lets the operator choose the number of workers.', {
  minimumWorkers: defaulted(integer('Fewest workers.', { minimum: 1, maximum: 999, unit: 'pods' }), 1),
  maximumWorkers: optional(integer('Most workers.', { minimum: 1, maximum: 999, unit: 'pods' })),
  tilesPerSecond: optional(
    real('Throughput to reach.', { minimum: 0, exclusiveMinimum: true, unit: 'tiles/s' }),
  ),
  deadline: optional(
    text('Time in which the run should end, such as 90m or 1h30m.', {
      maxLength: 32,
      pattern: { expression: DURATION_EXPRESSION, means: 'a duration such as 45s, 90m or 1h30m' },
    }),
  ),
});

export const runPolicy = object('Failure and clean-up.', {
  backoffLimit: defaulted(
    integer('Restarts of failed pods, over all roles, after which the job fails.', {
      minimum: 0,
      maximum: 1000,
      unit: 'restarts',
    }),
    6,
  ),
  activeDeadlineSeconds: optional(
    integer('The job fails when it has not ended after so much active time.', {
      minimum: 1,
      maximum: 315360000,
      unit: 's',
    }),
  ),
  ttlSecondsAfterFinished: optional(
    integer('The job is deleted so long after its end; without it, it is kept.', {
      minimum: 0,
      maximum: 315360000,
      unit: 's',
    }),
  ),
  cleanPodPolicy: defaulted(
    choice('Which pods are deleted when the job ends.', {
      All: 'all of them',
      Running: 'those still running; finished ones stay for their logs',
      None: 'none',
    }),
    'Running',
  ),
  managedBy: planned(
    text('Controller that looks after the job instead of this operator.', { maxLength: 253 }),
  ),
  gang: planned(
    choice('Who starts all pods together or none.', {
      none: 'nobody',
      kueue: 'Kueue',
      volcano: 'Volcano',
      coscheduling: 'the coscheduling plug-in',
      native: 'the Workload API of Kubernetes',
    }),
  ),
});
