import { describe, expect, it } from '@jest/globals';
import { directIdentifiers, kindOfColumn, kindOfValue } from './direct-identifiers.ts';

describe('kindOfColumn', () => {
  it.each([
    ['name', 'name'],
    ['Patient Name', 'name'],
    ['patientName', 'name'],
    ['Nachname', 'name'],
    ['prénom', 'name'],
    ['DOB', 'date of birth'],
    ['date_of_birth', 'date of birth'],
    ['Geb.-Datum', 'date of birth'],
    ['Geburtsdatum', 'date of birth'],
    ['birthYear', 'date of birth'],
    ['MRN', 'number of a register'],
    ['Fall-Nummer', 'number of a register'],
    ['ssn', 'number of a register'],
    ['Straße', 'address'],
    ['home_address', 'address'],
    ['PLZ', 'address'],
    ['E-Mail', 'e-mail address'],
    ['telefon', 'telephone number'],
    ['date_of_death', 'date'],
  ])('recognises %s', (column, kind) => {
    expect(kindOfColumn(column)).toBe(kind);
  });

  it.each([
    'patient',
    'slide',
    'slide_name',
    'filename',
    'className',
    'label',
    'months',
    'death',
    'event',
    'split',
  ])('accepts %s', (column) => {
    expect(kindOfColumn(column)).toBeUndefined();
  });
});

describe('kindOfValue', () => {
  it.each([
    ['Müller_Hans_01', 'name'],
    ['anna-17', 'name'],
    ['MUELLER^KARL', 'name'],
    ['Doe, J.', 'name'],
    ['Kowalska Wisniewska.svs', 'name'],
    ['S-1931-04-02-HE.svs', 'date of birth'],
    ['02.04.1931', 'date of birth'],
    ['case_19310402', 'date of birth'],
    ['scan 2021-03-04.ndpi', 'date'],
    ['a.b@clinic.example', 'e-mail address'],
    ['+49 30 1234567', 'telephone number'],
    ['(030) 123 45 67', 'telephone number'],
  ])('recognises the identifier %s', (text, kind) => {
    expect(kindOfValue(text, true)).toBe(kind);
  });

  it.each([
    'TCGA-02-0001-01Z-00-DX1.83fce43e-42ac-4dcd-b156-2908e75f2e47.svs',
    'patient_001',
    'p-0123456789abcdef',
    'CASE-12',
    'slide-0001.tiff',
    'Tumor_Normal_3.svs',
    '0012345678',
    'H22-10432-A1-HE.mrxs',
    'Lung Biopsy 4',
  ])('accepts %s', (text) => {
    expect(kindOfValue(text, true)).toBeUndefined();
  });

  it.each(['7413', '31.5', 'Stage IIa', 'invasive ductal', '2-3', '10/12', 'Kaplan Meier'])(
    'accepts the value %s of another column',
    (text) => {
      expect(kindOfValue(text, false)).toBeUndefined();
    },
  );
});

it('direct identifiers are found by column names, and by values with their lines', () => {
  const table = {
    columns: ['patient', 'slide', 'Vorname', 'note', 'visit'],
    rows: [
      {
        line: 2,
        cells: { patient: 'Hans_1', slide: 'a.svs', Vorname: 'Hans', note: '', visit: '1960-01-02' },
      },
      { line: 3, cells: { patient: 'p2', slide: 'b.svs', Vorname: '', note: 'x@y.de', visit: '2020-01-02' } },
    ],
  };
  expect(directIdentifiers(table, ['patient', 'slide'])).toEqual([
    { column: 'patient', kind: 'name', by: 'values', lines: [2] },
    { column: 'Vorname', kind: 'name', by: 'column', lines: [2] },
    { column: 'note', kind: 'e-mail address', by: 'values', lines: [3] },
    { column: 'visit', kind: 'date of birth', by: 'values', lines: [2] },
    { column: 'visit', kind: 'date', by: 'values', lines: [3] },
  ]);
});
