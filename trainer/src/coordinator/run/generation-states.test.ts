import { describe, expect, it } from '@jest/globals';
import { WsiError, type ErrorCode } from '@wsi-operator/foundation';
import fc from 'fast-check';
import { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';
import { replay } from '../../testing/replay.ts';
import type { Prepared } from './generation-parts.ts';
import {
  afterFailure,
  afterStop,
  countRollback,
  maximumRollbacks,
  noRollbacks,
  type ActiveState,
  type Continued,
  type Watch,
} from './generation-states.ts';
import type { RecoveryPoint } from './recovery-points.ts';

// Passed on as it is; nothing here inspects it.
const prepared = { identity: 'i' } as Prepared;
const point: RecoveryPoint = {
  version: 4,
  parameters: new Float32Array(0),
  state: {},
  identity: 'i',
  tiles: 40,
  trainingSeconds: 8,
};
const watching = (lost?: WsiError): Watch => ({
  signal: new AbortController().signal,
  lost,
  end: () => undefined,
});

const lostServer = new WsiError('Unavailable', 'a parameter server was lost', { retryable: true });
const cancelled = new WsiError('Cancelled', 'the run was stopped');
const fullDisk = new WsiError('StorageFailed', 'no space left', { retryable: true });
const damagedSlide = new UnreadableSlideError('SlideUnreadable', 'a tile is damaged', 'a.svs');

function statesOf(run: Continued, watch = watching()): Record<ActiveState['state'], ActiveState> {
  const error = lostServer;
  return {
    loading: { state: 'loading', run },
    adopting: { state: 'adopting', run, point },
    restoring: { state: 'restoring', run, point },
    opening: { state: 'opening', run, start: { version: 4, tiles: 40, trainingSeconds: 8, lines: [] } },
    training: { state: 'training', run, version: 4, watch },
    choosing: { state: 'choosing', run, watch },
    evaluating: { state: 'evaluating', run, version: 4, watch },
    stopping: { state: 'stopping', run, watch, error: cancelled },
    quarantining: { state: 'quarantining', run, error: damagedSlide },
    rollingBack: { state: 'rollingBack', run, error, to: 4 },
  };
}

const first: Continued = { prepared, rollbacks: noRollbacks };
const states = statesOf(first);
const ofGeneration = [
  'loading',
  'adopting',
  'restoring',
  'opening',
  'training',
  'choosing',
  'evaluating',
] as const;
const betweenGenerations = ['quarantining', 'rollingBack'] as const;
const withWatch = ['training', 'evaluating'] as const;
const goesOn = { stop: false, reached: 4 };
const toStop = { stop: true, reached: 4 };

const code = fc.constantFrom<ErrorCode>(
  'Internal',
  'Unavailable',
  'StaleGeneration',
  'StorageFailed',
  'Cancelled',
  'Diverged',
  'CheckpointInvalid',
);
const failure = fc.oneof(
  fc
    .record({ code, retryable: fc.boolean() })
    .map(({ code: of, retryable }) => new WsiError(of, 'of a test', { retryable })),
  fc.constant(damagedSlide),
);
const anyState = fc.constantFrom(...Object.values(states));

describe('a failure in a generation', () => {
  it.each(ofGeneration)('rolls back when a server is lost in %s', (name) => {
    expect(afterFailure(states[name], lostServer, goesOn)).toEqual({
      state: 'rollingBack',
      run: { prepared, rollbacks: { count: 1, furthest: 4 } },
      error: lostServer,
      to: 4,
    });
  });

  it.each(ofGeneration)(
    'quarantines a slide that cannot be read in %s, without counting a roll-back',
    (name) => {
      expect(afterFailure(states[name], damagedSlide, goesOn)).toEqual({
        state: 'quarantining',
        run: first,
        error: damagedSlide,
      });
    },
  );

  it('rolls back if a retry may succeed, or an answer is of another generation', () => {
    const stale = new WsiError('StaleGeneration', 'generation 3 is over');
    const retryable = new WsiError('Cancelled', 'the run went back', { retryable: true });
    for (const error of [stale, retryable, new WsiError('Unavailable', 'no answer')]) {
      expect(afterFailure(states.training, error, goesOn).state).toBe('rollingBack');
    }
  });

  it('ends the run if the same steps would fail again, or nothing can be saved', () => {
    for (const error of [new WsiError('Diverged', 'the loss is NaN'), new WsiError('Internal', 'a fault')]) {
      expect(afterFailure(states.training, error, goesOn)).toEqual({ state: 'failed', error });
    }
    expect(afterFailure(states.training, fullDisk, goesOn)).toEqual({ state: 'failed', error: fullDisk });
  });

  it('is attributed to the lost server rather than to its consequences', () => {
    const watch = watching(lostServer);
    for (const name of withWatch) {
      for (const error of [cancelled, damagedSlide, fullDisk]) {
        const next = afterFailure(statesOf(first, watch)[name], error, goesOn);
        expect(next).toMatchObject({ state: 'rollingBack', error: lostServer });
      }
    }
  });
});

describe('a failure between two generations', () => {
  it.each(betweenGenerations)('ends the run in %s, whatever its kind', (name) => {
    fc.assert(
      fc.property(failure, (error) => {
        expect(afterFailure(states[name], error, goesOn)).toEqual({ state: 'failed', error });
      }),
      replay(),
    );
  });
});

describe('a stop', () => {
  it('takes precedence over every failure', () => {
    fc.assert(
      fc.property(anyState, failure, (from, error) => {
        expect(['stopping', 'stopped', 'failed']).toContain(afterFailure(from, error, toStop).state);
      }),
      replay(),
    );
  });

  it('saves the newest version first in training or evaluating, with the watch still open', () => {
    fc.assert(
      fc.property(fc.constantFrom(...withWatch), failure, (name, error) => {
        const watch = watching();
        const next = afterFailure(statesOf(first, watch)[name], error, toStop);
        expect(next).toEqual({ state: 'stopping', run: first, watch, error });
      }),
      replay(),
    );
  });

  it('ends the run as stopped, unless something could not be written', () => {
    fc.assert(
      fc.property(failure, (error) => {
        const expected = error.code === 'StorageFailed' ? { state: 'failed', error } : { state: 'stopped' };
        expect(afterStop(error)).toEqual(expected);
        for (const name of ['loading', 'restoring', 'stopping', 'quarantining', 'rollingBack'] as const) {
          expect(afterFailure(states[name], error, toStop)).toEqual(expected);
        }
      }),
      replay(),
    );
  });

  it('reports a missing checkpoint also when a server is lost meanwhile', () => {
    const { stopping } = statesOf(first, watching(lostServer));
    expect(afterFailure(stopping, fullDisk, toStop)).toEqual({ state: 'failed', error: fullDisk });
  });
});

describe('roll-backs', () => {
  /** The states after one roll-back to each of the versions in turn, until the run fails. */
  function after(versions: readonly number[]): { count: number; failed: WsiError | undefined } {
    let run = first;
    for (const [index, reached] of versions.entries()) {
      const next = afterFailure(statesOf(run).training, lostServer, { stop: false, reached });
      if (next.state === 'failed') return { count: index + 1, failed: next.error };
      if (next.state !== 'rollingBack') throw new Error(`training was followed by ${next.state}`);
      ({ run } = next);
    }
    return { count: versions.length, failed: undefined };
  }

  it('end the run after ten without progress, with the reason of the last', () => {
    expect(after(Array<number>(maximumRollbacks).fill(7)).failed).toBeUndefined();
    const { count, failed } = after(Array<number>(maximumRollbacks + 1).fill(7));
    expect(count).toBe(11);
    expect(failed).toMatchObject({ code: 'Internal', cause: lostServer });
    expect(failed?.message).toMatch(/^went back 11 times without progress: a parameter server was lost/);
  });

  it('never end the run if there is progress in between', () => {
    const versions = Array.from({ length: 500 }, (_, index) => Math.floor(index / maximumRollbacks));
    expect(after(versions).failed).toBeUndefined();
  });

  it('are counted until a version exceeds all earlier ones', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 40 }), (versions) => {
        const counted = versions.reduce(countRollback, noRollbacks);
        const furthest = Math.max(...versions);
        expect(counted).toEqual({ furthest, count: versions.length - versions.indexOf(furthest) });
      }),
      replay(),
    );
  });
});
