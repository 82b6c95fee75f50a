/** Columns of text. */
import { oneLine } from '../terminal/printable.ts';

/** Cells under their headers, two spaces apart; the last column is not padded. Widths are in characters. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headers, ...rows].map((line) => line.map(oneLine));
  const widths = headers.map((_header, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** `Label       text`, with the further lines of the text under its first. */
export function formatFields(fields: readonly (readonly [label: string, text: string])[]): string {
  const width = Math.max(...fields.map(([label]) => label.length)) + 2;
  return fields
    .map(([label, text]) => `${label.padEnd(width)}${text.replaceAll('\n', `\n${' '.repeat(width)}`)}\n`)
    .join('');
}

export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
