import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { columnsOf, readRows } from '../table-rows.ts';
import { csvText, pseudonymise, pseudonymOf } from './pseudonyms.ts';

const key = Buffer.alloc(32, 7);
const other = Buffer.alloc(32, 8);

describe('pseudonymOf', () => {
  it('is the HMAC of kind and identifier', () => {
    const digest = createHmac('sha256', key).update('patient\nHans').digest();
    const letters = '0123456789abcdefghjkmnpqrstvwxyz';
    const expected = [...digest.subarray(0, 16)].map((byte) => letters[byte % 32]).join('');
    expect(pseudonymOf(key, 'patient', 'Hans')).toBe(`p-${expected}`);
  });

  it('depends on the key, and does not contain the identifier', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (identifier) => {
        const pseudonym = pseudonymOf(key, 'patient', identifier);
        expect(pseudonym).toMatch(/^p-[0-9a-z]{16}$/);
        expect(pseudonymOf(key, 'patient', identifier)).toBe(pseudonym);
        expect(pseudonymOf(other, 'patient', identifier)).not.toBe(pseudonym);
        expect(pseudonymOf(key, 'slide', identifier).slice(2)).not.toBe(pseudonym.slice(2));
      }),
    );
  });
});

describe('pseudonymise', () => {
  const table = {
    columns: ['patient', 'slide', 'name', 'label'],
    rows: [
      { cells: { patient: 'Hans', slide: 'Hans 1.ome.tiff', name: 'Hans', label: 'a, "b"' } },
      { cells: { patient: 'Hans', slide: 'Hans 2.svs', name: 'Hans', label: '' } },
      { cells: { patient: 'Eva', slide: 'Eva.svs', name: 'Eva', label: 'x' } },
    ],
  };

  it('keeps rows of a patient together, and removes identifying columns', () => {
    const { columns, rows, mapping } = pseudonymise(table, {
      key,
      patientColumn: 'patient',
      slideColumn: 'slide',
      leftOut: ['name'],
    });
    expect(columns).toEqual(['patient', 'slide', 'label']);
    expect(rows[0]![0]).toBe(rows[1]![0]);
    expect(rows[0]![0]).not.toBe(rows[2]![0]);
    expect(rows[0]![1]).toMatch(/^s-[0-9a-z]{16}\.ome\.tiff$/);
    expect(JSON.stringify(rows)).not.toMatch(/Hans|Eva/);
    expect(mapping).toHaveLength(5);
    expect(mapping.map(({ identifier }) => identifier)).toContain('Hans 2.svs');
  });

  it('invents no patient for rows without one', () => {
    const rows = ['NA', '[Not Available]', '', 'Eva'].map((patient) => ({ cells: { patient } }));
    const made = pseudonymise({ columns: ['patient'], rows }, { key, patientColumn: 'patient', leftOut: [] });
    expect(made.rows.slice(0, 3)).toEqual([['NA'], ['[Not Available]'], ['']]);
    expect(made.mapping.map(({ identifier }) => identifier)).toEqual(['Eva']);
  });

  it('keeps the names of slides unless asked otherwise', () => {
    const { rows } = pseudonymise(table, { key, patientColumn: 'patient', leftOut: [] });
    expect(rows.map((row) => row[1])).toEqual(['Hans 1.ome.tiff', 'Hans 2.svs', 'Eva.svs']);
  });
});

it('a written table is read back cell by cell', () => {
  const cell = fc
    .string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', ' ', 'ü', '|') })
    .map((text) => `x${text.trim()}x`);
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (cells) => {
      const text = csvText([['patient', 'slide'], ...cells]);
      expect(columnsOf(text, ['patient', 'slide'])).toEqual(['patient', 'slide']);
      const { rows, problems } = readRows(text, ['patient', 'slide']);
      expect(problems).toEqual([]);
      expect(rows.map((row) => [row.cells['patient'], row.cells['slide']])).toEqual(cells);
    }),
  );
});
