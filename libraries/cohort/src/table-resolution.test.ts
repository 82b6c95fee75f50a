import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { parseCohort } from './table.ts';

const spec: CohortSpec = { table: 't.csv', outcome: { type: 'classification', column: 'label' } };
const table = (...mpp: readonly string[]): string =>
  [
    'patient,slide,label,mpp',
    ...mpp.map((text, index) => `p${index},s${index},${index % 2 ? 'x' : 'y'},"${text}"`),
  ].join('\n');
const parse = (text: string, resolution: CohortSpec['resolution']): ReturnType<typeof parseCohort> =>
  parseCohort(text, { ...spec, resolution }, (name) => ({ found: true, path: `/${name}`, identity: name }));

describe('the resolutions stated by a cohort', () => {
  it('come from the column in any notation, and otherwise from the job', () => {
    const { cohort } = parse(table('0.25', '0,5 µm', '250 nm', '', 'NA'), { column: 'mpp', mpp: 1 });
    expect(cohort?.statedMpp).toEqual({ '/s0': 0.25, '/s1': 0.5, '/s2': 0.25, '/s3': 1, '/s4': 1 });
    const without = parse(table('0.25', '', '', ''), { column: 'mpp' });
    expect(without.cohort?.statedMpp).toEqual({ '/s0': 0.25 });
  });

  it('are absent if none is stated', () => {
    const { cohort } = parse(table('0.25', '0.5', '0.5', '0.5'), undefined);
    expect(cohort).toBeDefined();
    expect(cohort).not.toHaveProperty('statedMpp');
  });

  it.each(['300', '0', '-0.5', 'twenty', '0.5 px', '20x'])('are refused as "%s", with the line', (text) => {
    const { problems } = parse(table('0.25', text, '0.5', '0.5'), { column: 'mpp' });
    expect(problems).toMatchObject([{ line: 3, column: 'mpp', code: 'InvalidResolution' }]);
  });

  it('need an existing column', () => {
    const { problems } = parse(table('1', '1', '1', '1'), { column: 'um' });
    expect(problems).toMatchObject([{ code: 'MissingColumn', column: 'um' }]);
  });
});
