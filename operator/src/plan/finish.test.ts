import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { V1Pod } from '../kubernetes-types.ts';
import { buildJob, pod, progressAt, ready, seen, type JobChoices } from '../testing/builders.ts';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import { plan } from './plan.ts';

type Status = NonNullable<V1Pod['status']>;
const now = 1_000_000_000_000;
const RESULT = JSON.stringify({ parametersSha256: 'a'.repeat(64), steps: 100, tiles: 6400 });
const time = new Date(now - 5000).toISOString();
const end = (exitCode: number, message = '', reason = 'Completed') => ({
  terminated: { exitCode, message, reason, startedAt: time, finishedAt: time },
});
const container = (name: string, state: object) => ({
  ...{ name, image: '', imageID: '', ready: false, restartCount: 0 },
  state,
});

function succeeds(status: Status, choices: JobChoices = {}, step?: number): boolean {
  const job = buildJob(choices);
  const coordinator = { ...pod(job, { role: 'coordinator', index: 0 }), status };
  const observed = seen([coordinator], step === undefined ? undefined : progressAt(step));
  return plan(job, ready(job, observed), now, LOCAL_SETTINGS).status.phase === 'Succeeded';
}
const ends = (exitCode: number, message = '', reason?: string): Status => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: [container('trainer', end(exitCode, message, reason))],
});
const command = (given: object): JobChoices => ({
  templates: { coordinator: { spec: { containers: [{ name: 'trainer', ...given }] } } },
});

describe('a run is over', () => {
  it.each<[string, Status, JobChoices, number | undefined, boolean]>([
    ['by its result', ends(0, RESULT), {}, undefined, true],
    ['by a result that was cut off', ends(0, RESULT.slice(0, 100)), {}, 3, true],
    ['by a result, whatever the command', ends(0, RESULT), command({ command: ['run.sh'] }), 3, true],
    [
      'by a result of a process that had a child killed for memory',
      ends(0, RESULT, 'OOMKilled'),
      {},
      3,
      true,
    ],
    ['by its last step', ends(0), command({ args: ['coordinator', '-v'] }), 100, true],
    ['by the exit code of its own command, where no messages are kept', ends(0), {}, undefined, true],
    ['not by exit code 0 in the middle', ends(0), {}, 3, false],
    [
      'not by exit code 0 of another command',
      ends(0),
      command({ command: ['sh', '-c', 'x | tee log'] }),
      undefined,
      false,
    ],
    ['not with a problem as its last words', ends(0, 'InvalidCohort: no slides'), {}, undefined, false],
    ['not on a node that was restarted', ends(0, '', 'ContainerStatusUnknown'), {}, undefined, false],
    ['not by another exit code', ends(1, RESULT), {}, undefined, false],
    ['not by a phase', { phase: 'Succeeded' }, {}, 100, false],
    [
      'not by a sidecar, though it writes what a coordinator would',
      {
        phase: 'Succeeded',
        containerStatuses: [container('proxy', end(0, RESULT)), container('trainer', { waiting: {} })],
      },
      {},
      undefined,
      false,
    ],
    [
      'although a sidecar has failed',
      {
        phase: 'Failed',
        containerStatuses: [container('proxy', end(1)), container('trainer', end(0, RESULT))],
      },
      {},
      undefined,
      true,
    ],
    [
      'although a sidecar that an admission webhook has added runs on',
      {
        phase: 'Running',
        initContainerStatuses: [container('istio-proxy', { running: {} })],
        containerStatuses: [container('trainer', end(0, RESULT))],
      },
      {},
      undefined,
      true,
    ],
  ])('%s', (_, status, choices, step, expected) => {
    expect(succeeds(status, choices, step)).toBe(expected);
  });

  it('when a coordinator that had finished was removed before it was observed', () => {
    const job = buildJob();
    const gone = { ...pod(job, { role: 'coordinator', index: 0 }), status: ends(0, RESULT) };
    const observed = ready(job, { ...seen([]), gone: [gone] });
    expect(plan(job, observed, now, LOCAL_SETTINGS).status.phase).toBe('Succeeded');
  });

  it("never without the word of the coordinator's own container, whatever the others do", () => {
    const state = fc.constantFrom(
      end(0),
      end(0, RESULT),
      end(1),
      end(143),
      { waiting: { reason: 'PodInitializing' } },
      { running: {} },
    );
    const others = (names: readonly string[]) =>
      fc.array(fc.tuple(fc.constantFrom(...names), state), { maxLength: 3 });
    const own = fc.constantFrom(
      undefined,
      { waiting: {} },
      { running: {} },
      end(1),
      end(137, '', 'ContainerStatusUnknown'),
    );
    const statuses = fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
      reason: fc.constantFrom(undefined, 'Evicted', 'ProviderFailed', 'Completed'),
      inits: others(['fetch', 'istio-init', 'trainer']),
      sidecars: others(['proxy', 'log-shipper']),
      own,
    });
    fc.assert(
      fc.property(statuses, fc.option(fc.nat(100), { nil: undefined }), (described, step) => {
        const named = (all: typeof described.inits) => all.map(([name, is]) => container(name, is));
        const status = {
          phase: described.phase,
          ...(described.reason === undefined ? {} : { reason: described.reason }),
          initContainerStatuses: named(described.inits),
          containerStatuses: [
            ...named(described.sidecars),
            ...(described.own === undefined ? [] : [container('trainer', described.own)]),
          ],
        };
        expect(succeeds(status, {}, step)).toBe(false);
      }),
    );
  });
});
