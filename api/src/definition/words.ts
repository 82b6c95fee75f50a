/** The words of the status: phases and conditions, each with its meaning. */

export const PHASES = {
  Pending: 'accepted, nothing runs yet',
  Starting: 'pods are being started',
  Running: 'training',
  Suspended: 'stopped by `suspend`, with a checkpoint',
  Succeeded: 'ended well',
  Failed: 'ended badly',
} as const;

export const CONDITION_TYPES = {
  Created: 'the job is accepted and its objects are being made',
  Running: 'every role runs',
  Suspended: 'the job is stopped by `suspend`',
  Scaling: 'the number of pods differs from the desired one',
  Succeeded: 'the run ended well',
  Failed: 'the run ended badly and is not tried again',
} as const;

export const CONDITION_STATUSES = {
  True: 'it holds',
  False: 'it does not hold',
  Unknown: 'it cannot be told',
} as const;
