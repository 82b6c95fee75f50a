/** Who computes tasks: the workers of a run, or the processes of a prediction. */
import type { Task, TaskResult } from '@wsi-operator/protocol';

/** A task without the parts that the pool fills in. */
export type TaskBody = Omit<Task, 'generation'>;

export interface TaskOptions {
  /** The smaller, the sooner. */
  readonly priority: number;
  /** The same for all tasks on the same tiles: who has read them takes the next. */
  readonly affinity: string;
  /** Named in errors: the slide. */
  readonly subject: string;
}

export interface TaskPool {
  /** Resolves with the first result of the task; rejects when it cannot be done. */
  run(body: TaskBody, options: TaskOptions): Promise<TaskResult>;
}
