/** Tables that stand for more than their bytes. */
import { expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { decodeTable } from './table-text.ts';
import { examineTable } from './table.ts';

const spec = { table: 'c.csv', outcome: { type: 'classification', column: 'label' } } as const;
const oracle = (name: string): { found: true; path: string; identity: string } => ({
  found: true,
  path: name,
  identity: name,
});

it('millions of empty cells are refused before they are allocated', () => {
  for (const sign of [',', '\n', '\t']) {
    const bytes = Buffer.alloc(2 ** 23 + 1, sign);
    expect(() => decodeTable(bytes, 'c.csv')).toThrow(WsiError);
    expect(() => decodeTable(bytes, 'c.csv')).toThrow(
      /c\.csv: the table has more than 8388608 cells.*Keep the columns/u,
    );
  }
});

it.each([
  ['one field of 16 MiB', `patient,slide,label\np1,"${'x'.repeat(2 ** 24)}",a\n`],
  ['one field of 16 MiB that is never closed', `patient,slide,label\np1,"${'x'.repeat(2 ** 24)}`],
  ['a header of 100,000 columns', `${Array.from({ length: 100_000 }, (_, at) => `c${at}`).join()}\n1\n`],
  ['100,000 equal names in its header', `${'a,'.repeat(100_000)}\n`],
])('a table with %s is refused with a short message', (_, text) => {
  const { problems } = examineTable(decodeTable(Buffer.from(text), 'c.csv'), spec, oracle);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.map(({ message }) => message).join('\n').length).toBeLessThan(10_000);
});

it('lines before the header are read in linear time', () => {
  const cost = (lines: number): number => {
    const text = `${'sep=,\n'.repeat(lines)}patient,slide,label\np1,a,x\n`;
    const started = performance.now();
    examineTable(text, spec, oracle);
    return performance.now() - started;
  };
  // The least of several: a machine that does something else in between only adds to one.
  const least = (lines: number): number => Math.min(...Array.from({ length: 5 }, () => cost(lines)));
  expect(least(10_000)).toBeLessThan(1000 * Math.max(least(100), 1));
});
