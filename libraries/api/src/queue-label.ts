/** The label by which jobs of Kubernetes name their queue of Kueue, and what it may stand beside (pure). */
import type { WsiTrainingJob } from './definition/job.ts';
import type { Problem } from './schema/problem.ts';

export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** The queue that the label names; undefined: there is none. */
export function queueLabelOf({ metadata }: Pick<WsiTrainingJob, 'metadata'>): string | undefined {
  const queue = metadata.labels?.[QUEUE_LABEL];
  return queue === undefined || queue === '' ? undefined : queue;
}

/** What is wrong when label and spec say two things; a rule of the definition cannot see labels. */
export function queueLabelProblem(job: Pick<WsiTrainingJob, 'metadata' | 'spec'>): Problem | undefined {
  const label = queueLabelOf(job);
  if (label === undefined) return undefined;
  const { gang, queue } = job.spec.runPolicy;
  const path = `metadata.labels[${QUEUE_LABEL}]`;
  if (gang !== undefined && gang !== 'kueue') {
    return {
      path,
      problem: `names a queue of Kueue, but spec.runPolicy.gang is ${gang}`,
      remedy: 'Leave one of them out.',
    };
  }
  if (queue !== undefined && queue !== label) {
    return {
      path,
      problem: `is ${label}, but spec.runPolicy.queue is ${queue}`,
      remedy: 'Name the queue once.',
    };
  }
  return undefined;
}
