import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import { plan } from '../plan/plan.ts';
import { MOST_STATUS_BYTES } from '../plan/status-size.ts';
import { desiredSlots } from '../job/names.ts';
import { buildJob, pod, ready, seen } from '../testing/builders.ts';
import { boundedProgress } from './bounded-progress.ts';

/** Things that a decoder, or JSON, can make, in place of any field. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    ...[undefined, null, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e308, 0.5, '', 'x'.repeat(9_000), [], {}],
    ...[true, [null], { worker: null }, { worker: { peaks: null } }, [{ phaseSeconds: null }]],
  ),
  fc.anything(),
);
const FIELDS = [
  ...[
    'phase',
    'step',
    'steps',
    'epoch',
    'epochs',
    'fraction',
    'tiles',
    'tilesPerSecond',
    'etaSeconds',
    'metrics',
  ],
  ...['parametersSha256', 'checkpointStep', 'peakMemoryBytes', 'workersConnected', 'message', 'stepTiles'],
  ...['stepTilesDone', 'surveyedSlides', 'slides', 'surveyedTiles'],
];
const MEASURED = [
  ...['workload', 'device', 'observations', 'window', 'workers', 'memory', 'remainingTiles', 'joinSeconds'],
];
const recordWith = (names: readonly string[]): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(names.map((name) => [name, strange])), { requiredKeys: [] });
/** Also with what was true before, so that all else is believed. */
const reply = fc
  .tuple(recordWith(FIELDS), fc.oneof(strange, recordWith(MEASURED)))
  .map(([fields, measurement]) => ({ ...fields, measurement }));

describe("a coordinator's word", () => {
  it('is of the declared types and within bounds, whatever it is, and plans of no job fail by it', () => {
    fc.assert(
      fc.property(fc.oneof(strange, reply), fc.boolean(), (said, autoscaled) => {
        const one = buildJob(autoscaled ? { autoscaling: { maximumWorkers: 8 } } : {});
        const pods = desiredSlots(one).map((slot) => pod(one, slot));
        const simulation = ready(one, seen(pods, boundedProgress(said)));
        const { status } = plan(one, simulation, 1e12, LOCAL_SETTINGS);
        const text = JSON.stringify(status);
        expect(Buffer.byteLength(text)).toBeLessThan(MOST_STATUS_BYTES);
        expect(JSON.parse(text)).toEqual(status);
      }),
      { numRuns: 300 },
    );
  });

  it('is a measurement also without its workload, of which nothing is decided', () => {
    const { measurement } = boundedProgress({ measurement: { workload: null, window: { tiles: 5 } } });
    expect(measurement?.workload.tilesPerStep).toBe(0);
    expect(measurement?.window).toMatchObject({ tiles: 5, phaseSeconds: {} });
  });

  it('has metrics of the names that a trainer gives them, and 200 of them', () => {
    const metrics = {
      'validation.auc': 0.9,
      'train.loss': -1,
      nothing: Number.NaN,
      text: '1',
      ['m'.repeat(65)]: 1,
      'Smith, John': 1,
      '\u001b[31m': 1,
    };
    expect(boundedProgress({ metrics }).metrics).toEqual({ 'validation.auc': 0.9, 'train.loss': -1 });
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, index]));
    expect(Object.keys(boundedProgress({ metrics: many }).metrics).length).toBe(200);
  });
});
