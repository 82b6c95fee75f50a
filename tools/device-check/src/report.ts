/** The findings as Markdown, to be put into documents as they are (pure). */
import type { Findings, Measurement } from './checks.ts';
import type { Machine } from './device/machine.ts';
import type { Verdict } from './verdicts.ts';

export interface Circumstances {
  /** ISO 8601, the day alone. */
  readonly day: string;
  /** Of Node, TensorFlow and its variant. */
  readonly versions: string;
  readonly threads: number;
}

const MEGABYTE = 1e6;
const UNKNOWN = '-';

/** Whether every check was made and has passed. */
export function hasPassed({ verdicts }: Pick<Findings, 'verdicts'>): boolean {
  return verdicts.length > 0 && verdicts.every(({ passed }) => passed);
}

export function formatReport(
  findings: Findings,
  machine: Machine,
  { day, versions, threads }: Circumstances,
): string {
  const { verdicts, measurements, notes } = findings;
  const failed = verdicts.filter(({ passed }) => !passed).length;
  const names = [...new Set(machine.devices.map(({ name }) => name))].join(', ');
  const count = machine.devices.length > 1 ? `${machine.devices.length} x ` : '';
  return [
    `### Check of ${count}${names}`,
    [`${day}, ${versions}, ${threads} thread${threads === 1 ? '' : 's'}.`, ...machine.remarks].join(' '),
    failed === 0
      ? `All ${verdicts.length} checks passed.`
      : `**${failed} of ${verdicts.length} checks failed.**`,
    markdownTable(['check', 'of', 'found', 'at most', 'verdict'], verdicts.map(verdictCells), 5),
    ...(measurements.length === 0 ? [] : [speedTable(measurements)]),
    ...notes,
  ].join('\n\n');
}

function verdictCells({ check, subject, found, limit, passed }: Verdict): string[] {
  return [check, subject, found, limit, passed ? 'passed' : '**failed**'];
}

const SPEED_HEADINGS = [
  'encoder',
  'tiles a call',
  'forward, tiles/s',
  'gradient, tiles/s',
  'both passes, tiles/s',
  'memory of the process, MB',
  'memory of the GPU, MB',
  'GPU busy, %',
  'GPU, W',
  'cores busy',
  'engine busy, %',
] as const;

function speedTable(measurements: readonly Measurement[]): string {
  return markdownTable(SPEED_HEADINGS, measurements.map(speedCells), 1);
}

function speedCells({ encoder, batch, tileSize, speed, device }: Measurement): string[] {
  const { forwardTilesPerSecond: forward, gradientTilesPerSecond: gradient } = speed;
  const { peakMemoryBytes: peak, memoryTotalBytes: total } = device ?? {};
  return [
    `${encoder}, ${tileSize} px`,
    String(batch),
    digits(forward),
    digits(gradient),
    digits(1 / (1 / forward + 1 / gradient)),
    digits(speed.peakMemoryBytes / MEGABYTE),
    peak === undefined
      ? UNKNOWN
      : `${digits(peak / MEGABYTE)} of ${total === undefined ? '?' : digits(total / MEGABYTE)}`,
    optional(device?.medianUtilisation),
    optional(device?.medianWatts),
    speed.processors.toFixed(2),
    digits(100 * speed.engineShare),
  ];
}

function optional(value: number | undefined): string {
  return value === undefined ? UNKNOWN : digits(value);
}

/** Three digits that count, and no exponent. */
function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** @param textColumns columns from the left that are text; numbers go to the right */
function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: number,
): string {
  // A bar would begin another cell.
  const cells = [headings, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = headings.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const isText = (column: number): boolean => column < textColumns;
  const [heading = [], ...body] = cells.map((row) =>
    row.map((cell, column) => cell[isText(column) ? 'padEnd' : 'padStart'](widths[column]!)),
  );
  const rule = widths.map((width, column) =>
    isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [heading, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
