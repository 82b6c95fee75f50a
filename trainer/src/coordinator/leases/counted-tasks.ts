/** A pool that reports finished tasks to the progress, so that it advances within a step. */
import type { TaskResult } from '@wsi-operator/protocol';
import type { TaskBody, TaskPool } from '../../scoring/task-pool.ts';
import { EVALUATED } from '../../plan/workload.ts';
import type { Progress } from '../run/progress.ts';

/** What of a tile's training a pass is: the gradient's computes the forward part again, and the backward part. */
const EMBED_SHARE = 0.25;
const GRADIENT_SHARE = 0.75;
/** Coordinates of a tile are two int32. */
const BYTES_OF_A_TILE = 8;

export function countedTasks(pool: TaskPool, progress: Pick<Progress, 'taskDone'>, unit: string): TaskPool {
  return {
    run: async (body, options): Promise<TaskResult> => {
      const result = await pool.run(body, options);
      progress.taskDone(unit, worthOf(body, unit));
      return result;
    },
  };
}

function worthOf({ embed, gradient }: TaskBody, unit: string): number {
  const block = embed?.block ?? gradient?.block;
  const tiles = (block?.coordinates.byteLength ?? 0) / BYTES_OF_A_TILE;
  if (!unit.startsWith('step/')) return tiles * EVALUATED;
  return tiles * (gradient ? GRADIENT_SHARE : EMBED_SHARE);
}
