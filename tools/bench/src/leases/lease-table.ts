/** The rows of the lease service as a table. */
import { formatTable } from '../table.ts';
import type { LeaseRow } from './leases.ts';

export function leaseTable(rows: readonly LeaseRow[]): string {
  const header = [
    'leases',
    'workers',
    'waiting',
    'leases/s',
    'CPU us',
    'busy',
    'p50 ms',
    'p99 ms',
    'B/tile',
    'MB',
  ];
  const cells = rows.map((row) => [
    row.side,
    ...[row.workers, row.waiting, row.leasesPerSecond].map((value) => value.toFixed(0)),
    row.cpuMicrosecondsPerLease.toFixed(0),
    row.busy.toFixed(2),
    row.medianWait.toFixed(1),
    row.longestWaits.toFixed(1),
    row.bytesPerTile.toFixed(0),
    (row.residentBytes / 1e6).toFixed(0),
  ]);
  return `\n${formatTable([header, ...cells])}\n`;
}
