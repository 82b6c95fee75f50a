/** What a storm was, as a table: faults by kind, and how long the run took to be further than before. */
import type { FaultRecord } from './storm.ts';

export function summarize(records: readonly FaultRecord[]): string {
  const groups = new Map<string, FaultRecord[]>();
  for (const record of records) {
    const name = groupOf(record);
    groups.set(name, [...(groups.get(name) ?? []), record]);
  }
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, of]) => [name, String(of.length), ...recovery(of)]);
  const all = ['all', String(records.length), ...recovery(records)];
  return table([['fault', 'number', 'median s', '90% s', 'longest s'], ...rows, all]);
}

function groupOf({ action }: FaultRecord): string {
  return 'victim' in action ? `${action.kind} ${action.victim.role}` : action.kind;
}

function recovery(records: readonly FaultRecord[]): string[] {
  const seconds = records.flatMap(({ recoverySeconds }) => recoverySeconds ?? []).sort((a, b) => a - b);
  if (seconds.length === 0) return ['', '', ''];
  return [0.5, 0.9, 1].map((share) => {
    const index = Math.min(seconds.length - 1, Math.floor(share * seconds.length));
    return (seconds[index] ?? 0).toFixed(1);
  });
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
