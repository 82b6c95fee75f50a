import { describe, expect, it } from '@jest/globals';
import { buildJob } from '../testing/builders.ts';
import type { Action } from '../job/actions.ts';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { Role } from '../job/names.ts';
import { buildPod } from '../objects/pods.ts';
import { applyActions, podOf } from './apply-actions.ts';

const job = buildJob();

function create(role: Role, index: number): Action {
  return { kind: 'createPod', object: buildPod(job, { role, index }, LOCAL_SETTINGS) };
}

const workers = Array.from({ length: 20 }, (_unused, index) => create('worker', index));
const nameOf = (action: Action): string => podOf(action) ?? action.kind;

describe('applyActions', () => {
  it('creates pods in growing batches, and everything else in order', async () => {
    const batches: string[][] = [];
    let open: string[] | undefined;
    const remove: Action = { kind: 'deleteJob' };
    const failed = await applyActions([...workers, remove, create('server', 0)], async (action) => {
      if (open === undefined) {
        batches.push((open = []));
        setImmediate(() => (open = undefined));
      }
      open.push(nameOf(action));
      await new Promise((resolve) => setImmediate(resolve));
    });
    expect(failed).toEqual([]);
    expect(batches.map((batch) => batch.length)).toEqual([1, 2, 4, 8, 5, 1, 1]);
    expect(batches.flat()).toEqual([...workers.map(nameOf), 'deleteJob', 'lung-server-0']);
  });

  it('goes on with the others when one is refused, but not with pods that are like it', async () => {
    const tried: string[] = [];
    const actions = [create('coordinator', 0), ...workers.slice(0, 5), create('server', 0)];
    const failed = await applyActions(actions, async (action) => {
      tried.push(nameOf(action));
      if (nameOf(action).includes('worker')) throw new Error('no quota');
    });
    expect(failed.map(({ action }) => nameOf(action))).toEqual(['lung-worker-0', 'lung-worker-1']);
    expect(failed[0]?.error.message).toContain('no quota');
    expect(tried).toEqual(['lung-coordinator-0', 'lung-worker-0', 'lung-worker-1', 'lung-server-0']);
  });

  it('does not try everything when nothing works', async () => {
    let tried = 0;
    const remove = Array.from({ length: 50 }, (_unused, index): Action => {
      return { kind: 'deletePod', name: `lung-worker-${index}` };
    });
    await applyActions(remove, async () => {
      tried += 1;
      throw new Error('nobody answers');
    });
    expect(tried).toBe(5);
  });
});
