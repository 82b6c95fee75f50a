/**
 * One tenant does what it can to the operator's process; another's jobs go on. The operator has a small heap, so that
 * what it holds beyond its own ends it.
 */
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { until } from './testing/kubernetes-bed.ts';
import { ask, type OperatorProcess } from './testing/operator-process.ts';
import { HOSTILE, MODEST, TenantsBed } from './testing/tenants-bed.ts';

/** Mebibytes. It needs a quarter of that by itself; a page of a list, of 16 MiB of text, is three times as much in objects. */
const SMALL_HEAP = { nodeFlags: ['--max-old-space-size=128'] };
const LONG = 120_000;

const isGone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
const isWell = async ({ health, child }: OperatorProcess): Promise<boolean> =>
  !isGone(child) && (await ask(`${health}/healthz`)).status === 200;
const leads = async ({ metrics }: OperatorProcess): Promise<boolean> =>
  (await ask(metrics)).text.includes('\nwsi_operator_leader 1\n');

describe('the operator among strangers', () => {
  it('hears what is true while a coordinator says anything it likes, and so does its successor', async () => {
    await using bed = await TenantsBed.start();
    const flags = ['--progress-interval=100'];
    const first = await bed.startOperator('operator-a', { ...SMALL_HEAP, flags });
    await until('it leads', () => leads(first), LONG);
    bed.submit(MODEST, 'patient', 'none');
    bed.submit(HOSTILE, 'flood', 'all');
    await bed.untilHeard('patient');
    const warnings = new Set<string>();
    let largest = 0;
    await until(
      'all ways have been gone',
      () => {
        const status = bed.status(HOSTILE, 'flood');
        for (const { reason } of status.warnings ?? []) warnings.add(reason);
        largest = Math.max(largest, Buffer.byteLength(JSON.stringify(status)));
        const [head = '', ...gone] = bed.said(HOSTILE, 'flood');
        const ways = Number(/with (\d+) ways/.exec(head)?.[1] ?? Number.POSITIVE_INFINITY);
        return isGone(first.child) || new Set(gone).size >= ways;
      },
      LONG,
    );
    expect(first.log()).not.toContain('heap out of memory');
    expect([await isWell(first), await leads(first)]).toEqual([true, true]);
    expect([...warnings]).toContain('AnswerRefused');
    expect(largest).toBeLessThan(64 * 1024);
    await bed.untilHeard('patient');
    // A job that others could not be told apart from by its faults has none, and no other has any of it.
    expect(bed.status(MODEST, 'patient').conditions?.map(({ reason }) => reason)).not.toContain(
      'InternalError',
    );
    const second = await bed.startOperator('operator-b', { ...SMALL_HEAP, flags });
    await until('it is ready', async () => (await ask(`${second.health}/readyz`)).status === 200, LONG);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await until('it leads', () => leads(second), LONG);
    await bed.untilHeard('patient');
    await bed.untilHeard('patient');
    expect(await isWell(second)).toBe(true);
  }, 300_000);

  it('holds nothing of objects that carry its labels, whether they are there before it or come later', async () => {
    await using bed = await TenantsBed.start();
    await bed.fill('before', 120, 900_000);
    await bed.crowd('before', 300, 200_000);
    await bed.pretend('before', 60, 900_000);
    const operator = await bed.startOperator('operator-a', SMALL_HEAP);
    await until('it leads, or is gone', async () => isGone(operator.child) || leads(operator), LONG);
    bed.submit(MODEST, 'patient');
    await until('it acts', () => isGone(operator.child) || bed.pods(MODEST).length === 2, LONG);
    await bed.fill('after', 60, 900_000);
    await bed.crowd('after', 200, 200_000);
    await bed.pretend('after', 60, 900_000);
    bed.submit(MODEST, 'second');
    const acts = (): boolean => bed.pods(MODEST, 'second').length === 2;
    await until('it acts', () => isGone(operator.child) || acts(), LONG);
    expect(operator.log()).not.toContain('heap out of memory');
    expect(await isWell(operator)).toBe(true);
  }, 300_000);

  it("gives a tenant's only job its turn before another's thousand have had theirs", async () => {
    await using bed = await TenantsBed.start();
    const operator = await bed.startOperator('operator-a');
    await until('it leads', () => leads(operator), LONG);
    const count = 1_000;
    for (let index = 0; index < count; index += 1) bed.submit(HOSTILE, `job-${index}`);
    const served = (): number => bed.jobs(HOSTILE).filter(({ status }) => status !== undefined).length;
    await until('it has begun', () => served() > 0, LONG);
    bed.submit(MODEST, 'patient');
    await until('the modest job has its pods', () => bed.pods(MODEST).length === 2, LONG);
    expect(served()).toBeLessThan(count / 2);
  }, 300_000);
});
