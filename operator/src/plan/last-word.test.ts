import { describe, expect, it } from '@jest/globals';
import { believedResult, finalProgress, lastWordOf } from './last-word.ts';

const DIGEST = 'c0'.repeat(32);
const HEAD = `{"parametersSha256":"${DIGEST}","steps":120`;
const NOTHING = { tiles: 0, tilesPerSecond: 0, metrics: {}, peakMemoryBytes: {} };
const result = (fields: object): string =>
  JSON.stringify({ parametersSha256: DIGEST, steps: 120, ...fields });

describe('the last word of a finished coordinator', () => {
  it.each<[string, string, object]>([
    [
      'a whole result',
      `${result({ tiles: 5, metrics: { loss: 0.5 } })}\n`,
      { tiles: 5, metrics: { loss: 0.5 } },
    ],
    ['a result that was cut off', `${HEAD},"ti`, {}],
    ['tiles that are text', result({ tiles: '7' }), {}],
    ['tiles that are a list, and no metrics', result({ tiles: [7], metrics: null }), {}],
    ['fewer than no tiles', result({ tiles: -7, tilesPerSecond: -0.5 }), {}],
    ['more tiles than there can be', `${HEAD},"tiles":1e300,"tilesPerSecond":1e999}`, {}],
    ['metrics that are no numbers', result({ metrics: { loss: 'NaN', auc: null, a: {} } }), {}],
    ['a metric that is infinite', `${HEAD},"metrics":{"loss":1e999}}`, {}],
    ['metrics of strange names', result({ metrics: { '\u001b[31m': 1, '\ud800': 1, 'two words': 1 } }), {}],
    [
      'memory of roles that are none',
      result({ peakMemoryBytes: { worker: 10.5, boss: 3 } }),
      { peakMemoryBytes: { worker: 10 } },
    ],
    ['a number that is none in JSON, so that it counts as cut off', `${HEAD},"tiles":NaN}`, {}],
    ['a prototype', `${HEAD},"__proto__":{"tiles":9}}`, {}],
  ])('with %s is a result of which only what can be true is believed', (_, message, believed) => {
    const { isResult, result: found } = lastWordOf(message);
    expect(isResult).toBe(true);
    expect(found).toEqual({ parametersSha256: DIGEST, steps: 120, ...NOTHING, ...believed });
  });

  it.each([
    ['that is cut off before its steps', HEAD.slice(0, 80)],
    ['of a list', `[${HEAD}}]`],
    ['of steps that are text', `{"parametersSha256":"${DIGEST}","steps":"120"}`],
    ['of fewer than no steps that is cut off', `{"parametersSha256":"${DIGEST}","steps":-1,"ti`],
    ['of a digest that is none and that is cut off', '{"parametersSha256":"c0","steps":120,"ti'],
    ['of a number', '7'],
    ['after a control character', `\u0000${HEAD}}`],
    ['that is deeper than a parser goes', '{"a":'.repeat(100_000)],
  ])('%s is no result', (_, message) => {
    expect(lastWordOf(message)).not.toHaveProperty('result');
    expect(lastWordOf(message).isResult).toBe(false);
  });

  it('has as many steps as can be, or none', () => {
    const steps = (text: string) =>
      lastWordOf(`{"parametersSha256":"${DIGEST}","steps":${text}}`).result?.steps;
    expect(['1e15', '1e16', '9'.repeat(400), '-1', '1.5'].map(steps)).toEqual([1e15, 0, 0, 0, 1]);
  });

  it('has 200 metrics at most', () => {
    const metrics = Object.fromEntries(
      Array.from({ length: 1000 }, (_unused, index) => [`m${index}`, index]),
    );
    expect(Object.keys(lastWordOf(result({ metrics })).result?.metrics ?? {})).toHaveLength(200);
  });
});

describe('the last word of a stopped coordinator', () => {
  it.each<[string, number | undefined]>([
    ['{"checkpointStep":40}\n', 40],
    ['{"checkpointStep":-40}', undefined],
    ['{"checkpointStep":"40"}', undefined],
    ['{"checkpointStep":4e1}', undefined],
    ['{"checkpointStep":NaN}', undefined],
    [`{"checkpointStep":${'9'.repeat(16)}}`, undefined],
    [' {"checkpointStep":40}', undefined],
    ['', undefined],
  ])('%j leaves a checkpoint of step %s', (message, step) => {
    expect(lastWordOf(message).checkpointStep).toBe(step);
  });
});

describe('the words of a process about its end', () => {
  it.each([
    ['a.svs: not a slide\n', 'a.svs: not a slide'],
    ['InvalidCohort: two problems:\n  line 2: a\n  line 3: b\n', 'two problems:\n  line 2: a\n  line 3: b'],
    ['x\nTypeError: no codec\n    at f (a.js:1:1)\n\nNode.js v24.21.0\n', 'TypeError: no codec'],
    ['{"level":"info","message":"worker ready"}\n', ''],
    [
      '0Z"}\n{"level":"fatal","error":{"message":"slide gone"},"message":"role failed"}\n{"level":"info"}',
      'slide gone',
    ],
    ['', ''],
    ['{"level":"fatal","message":{"toString":1}}', ''],
    ['{"level":"error","error":{"message":7},"message":"role failed"}', 'role failed'],
    ['{"level":"error","error":"x","message":[1]}', ''],
    ['NoSuchReason: what nobody knows', 'what nobody knows'],
    ['Error: \u001b[31mred\u0007\u0085', 'Error:  [31mred'],
    ['InvalidCohort: half \ud83d of a pair', 'half \ufffd of a pair'],
    ['InvalidCohort: a\tb\u0000c', 'a\tb c'],
  ])('in %j are %j', (text, expected) => expect(lastWordOf(text).words.trimEnd()).toBe(expected));

  it.each([
    ['a message of our own', 'InvalidCohort: ', 4000],
    ['another line', 'words ', 1000],
  ])('are cut, in %s, without half a character', (_, begin, longest) => {
    const { words } = lastWordOf(`${begin}x${'😀'.repeat(10_000)}`);
    expect(words).toHaveLength(longest);
    expect(words.isWellFormed()).toBe(true);
  });

  it('are a problem only by the name of one', () => {
    const problems = [
      'InvalidCohort: no slides',
      'NoSuchReason: x',
      'TypeError: x',
      'invalid: x',
      'Invalid: ',
      '',
    ];
    expect(problems.map((text) => lastWordOf(text).isProblem)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('the progress of a finished run', () => {
  it('is brought to its bounds as an answer is', () => {
    const strange = {
      parametersSha256: 'none',
      steps: -1,
      tiles: '7',
      tilesPerSecond: 1e300,
      metrics: { 'validation.auc': 0.9, text: 'x', 'two words': 1 },
      peakMemoryBytes: { worker: 10.5, other: 3 },
    };
    expect(finalProgress(believedResult(strange), 2)).toMatchObject({
      phase: 'finished',
      step: 0,
      epochs: 2,
      tiles: 0,
      tilesPerSecond: 0,
      metrics: { 'validation.auc': 0.9 },
      parametersSha256: '',
      peakMemoryBytes: { worker: 10 },
    });
  });

  it.each([undefined, null, 7, 'x', [], { steps: Number.NaN, tiles: Number.NaN }])(
    'says nothing for a result that is %j',
    (said) => expect(believedResult(said)).toEqual({ parametersSha256: '', steps: 0, ...NOTHING }),
  );
});
