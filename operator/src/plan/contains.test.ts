import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contains } from './contains.ts';

describe('contains', () => {
  it.each([
    ['itself', { a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }, true],
    ['fields that the server has added', { spec: { a: 1, b: 2 }, status: {} }, { spec: { a: 1 } }, true],
    ['an added field in an element of a list', { a: [{ x: 1, protocol: 'TCP' }] }, { a: [{ x: 1 }] }, true],
    ['another value', { a: 1 }, { a: 2 }, false],
    ['a missing field', {}, { a: 1 }, false],
    ['nothing at all', undefined, { a: 1 }, false],
    ['a rule added by hand', { ingress: [{ from: 1 }, {}] }, { ingress: [{ from: 1 }] }, false],
    ['a rule taken away', { ingress: [] }, { ingress: [{ from: 1 }] }, false],
    ['elements in another order', { a: [2, 1] }, { a: [1, 2] }, false],
    [
      'more owners',
      { metadata: { owners: [{ uid: 1 }, { uid: 2 }] } },
      { metadata: { owners: [{ uid: 2 }] } },
      true,
    ],
    ['a lost owner', { metadata: { owners: [{ uid: 1 }] } }, { metadata: { owners: [{ uid: 2 }] } }, false],
    ['zero values that Go leaves out', { a: {} }, { a: { on: false, n: 0, s: '', l: [], o: {} } }, true],
    ['a zero value that is another', { on: true }, { on: false }, false],
    ['an empty object where there is one', { podSelector: {} }, { podSelector: {} }, true],
    [
      'a quantity written otherwise',
      { requests: { storage: '1Gi' } },
      { requests: { storage: '1024Mi' } },
      true,
    ],
    ['a quantity given as a number', { limits: { cpu: '2' } }, { limits: { cpu: 2 } }, true],
    ['another quantity', { limits: { cpu: '2' } }, { limits: { cpu: '2100m' } }, false],
    ['a label that reads like a quantity', { labels: { a: '1Gi' } }, { labels: { a: '1024Mi' } }, false],
    ['a number and its text elsewhere', { port: '80' }, { port: 80 }, false],
  ])('judges rightly of %s', (_, observed, desired, expected) => {
    expect(contains(observed, desired)).toBe(expected);
  });

  it('holds of every value and itself, and of it with more fields, and not when any leaf is another', () => {
    const leaf = fc.oneof(fc.integer({ min: 1 }), fc.string({ minLength: 1 }), fc.constant(true));
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'spec'), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(tree, (value) => {
        expect(contains(value, value)).toBe(true);
        expect(contains(grown(value), value)).toBe(true);
        const other = changed(value);
        if (other !== undefined) expect(contains(other, value)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

/** With one more field in every object. */
function grown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(grown);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, grown(inner)] as const);
  return { ...Object.fromEntries(entries), added: 1 };
}

/** With another first leaf; undefined when there is none. */
function changed(value: unknown): unknown {
  if (Array.isArray(value)) {
    const [first, ...rest] = value as unknown[];
    const other = first === undefined ? undefined : changed(first);
    return other === undefined ? undefined : [other, ...rest];
  }
  if (typeof value !== 'object' || value === null) return `other than ${String(value)}`;
  for (const [name, inner] of Object.entries(value)) {
    const other = changed(inner);
    if (other !== undefined) return { ...value, [name]: other };
  }
  return undefined;
}
