/**
 * Keyed pseudonyms (pure): HMAC-SHA256 of an identifier, RFC 2104. Who has the key gets the same pseudonym for the same
 * identifier in every table; who has not can neither compute one nor, as with a plain hash, try all identifiers.
 */
import { createHmac } from 'node:crypto';
import { WsiError } from '@wsi-operator/foundation';
import { MissingValues } from '../missing.ts';

export type PseudonymKind = 'patient' | 'slide';

/** 32 letters and digits that are not taken for each other (Crockford). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 80 bits: among a million patients two alike have a chance of 4e-13, and are refused. */
const LENGTH = 16;

/** @param key at least 32 bytes */
export function pseudonymOf(key: Uint8Array, kind: PseudonymKind, identifier: string): string {
  const digest = createHmac('sha256', key).update(`${kind}\n${identifier}`).digest();
  const letters = Array.from(digest.subarray(0, LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]);
  return `${kind === 'patient' ? 'p' : 's'}-${letters.join('')}`;
}

export interface Pseudonym {
  readonly kind: PseudonymKind;
  readonly identifier: string;
  readonly pseudonym: string;
}

export interface PseudonymisedTable {
  /** Without the columns that were left out. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly mapping: readonly Pseudonym[];
}

export interface PseudonymiseOptions {
  readonly key: Uint8Array;
  readonly patientColumn: string;
  /** Also its slides get other names; their files have to be renamed as the mapping says. */
  readonly slideColumn?: string | undefined;
  readonly leftOut: readonly string[];
}

/** @throws WsiError `InvalidArgument` when two identifiers would get one pseudonym */
export function pseudonymise(
  table: {
    readonly columns: readonly string[];
    readonly rows: readonly { readonly cells: Readonly<Record<string, string>> }[];
  },
  { key, patientColumn, slideColumn, leftOut }: PseudonymiseOptions,
): PseudonymisedTable {
  const mapping = new Map<string, Pseudonym>();
  const owners = new Map<string, string>();
  const missing = new MissingValues();
  const renamed = (kind: PseudonymKind, identifier: string): string => {
    // What has no name needs none: all of the rows with NA would become one patient.
    if (missing.meaningOf(identifier, 'identifier') === 'missing') return identifier;
    const pseudonym = pseudonymOf(key, kind, identifier) + (kind === 'slide' ? extensionOf(identifier) : '');
    const owner = owners.get(pseudonym);
    if (owner !== undefined && owner !== identifier) {
      throw new WsiError('InvalidArgument', 'two identifiers would get the same pseudonym.', {
        remedy: 'Use another key.',
      });
    }
    owners.set(pseudonym, identifier);
    mapping.set(`${kind}\n${identifier}`, { kind, identifier, pseudonym });
    return pseudonym;
  };
  const columns = table.columns.filter((column) => !leftOut.includes(column));
  const rows = table.rows.map(({ cells }) =>
    columns.map((column) => {
      const cell = cells[column] ?? '';
      if (column === patientColumn) return renamed('patient', cell);
      return column === slideColumn ? renamed('slide', cell) : cell;
    }),
  );
  return { columns, rows, mapping: [...mapping.values()] };
}

/** `.svs`, `.ome.tiff`; readers go by it. */
function extensionOf(name: string): string {
  return /(?:\.ome)?\.[A-Za-z][A-Za-z0-9]{1,7}$/.exec(name)?.[0] ?? '';
}

/** A table as RFC 4180 has it. */
export function csvText(rows: readonly (readonly string[])[]): string {
  const quotedCell = (cell: string): string =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return rows.map((cells) => `${cells.map(quotedCell).join(',')}\n`).join('');
}
