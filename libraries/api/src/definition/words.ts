/** The words of the status: phases and conditions, each with its meaning. */

export const PHASES = {
  Pending: 'accepted or waiting in a queue, nothing runs yet',
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
  Degraded: 'the run goes on, but a pod, or a container beside a role, does not',
  Succeeded: 'the run ended well',
  Failed: 'the run ended badly and is not tried again',
} as const;

/** How the trainer's process in a pod has ended. */
export const EXIT_CLASSES = {
  completed: 'with exit code 0, before the run did',
  input: 'with exit code 64: the job, the cohort or a slide is wrong',
  storage: 'with exit code 74: a write failed, such as on a full disk',
  stopped: 'by SIGTERM from outside, such as of a node that is drained',
  disrupted: 'evicted, preempted, turned away by its node or lost with it',
  deleted: 'removed by somebody else, while it ran or before',
  outOfMemory: 'killed for using more memory than it may',
  killed: 'by SIGKILL from elsewhere',
  crashed: 'in any other way',
} as const;
export type ExitClass = keyof typeof EXIT_CLASSES;

export const CONDITION_STATUSES = {
  True: 'it holds',
  False: 'it does not hold',
  Unknown: 'it cannot be determined',
} as const;
