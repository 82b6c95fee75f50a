import { expect, test } from '@jest/globals';
import { benchTissue, score, tissueTable } from './tissue.ts';

test('precision and recall ignore undecided pixels', () => {
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 1) };
  expect(score(mask, Uint8Array.of(1, 0, 1, 2))).toEqual({ precision: 0.5, recall: 0.5 });
  expect(score({ ...mask, data: new Uint8Array(4) }, new Uint8Array(4))).toEqual({ precision: 1, recall: 1 });
});

test('pale tissue beside strong stain is found, and tinted glass is not, on held-out seeds', async () => {
  const rows = await benchTissue(['IHC, half positive', 'blank, pink glass', 'pale H&E with a red pen']);
  const own = rows.filter(({ rule, heldOut }) => rule === 'density' && heldOut);
  expect(own.map(({ condition, precision, recall }) => [condition, precision > 0.97, recall > 0.97])).toEqual(
    [
      ['IHC, half positive', true, true],
      ['blank, pink glass', true, true],
      ['pale H&E with a red pen', true, true],
    ],
  );
  expect(tissueTable(rows, true)).toContain('IHC, half positive');
});
