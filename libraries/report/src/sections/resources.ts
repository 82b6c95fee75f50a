/** What the run took: time by phase, memory, throughput, restarts, versions. */
import { formatBytes, formatNumber, formatPercent, formatSeconds } from '../format.ts';
import { asText, asRecord, numbersIn } from '../json-shape.ts';
import { html, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';
import { barChart } from '../svg/bar-chart.ts';
import { lineChart, thinned, type Point } from '../svg/line-chart.ts';
import { extent } from '../svg/scale.ts';
import { absent, card, section, table } from './section.ts';

export function resourcesSection(run: Run): Markup {
  const cards = [phaseCard(run), throughputCard(run), memoryCard(run), restartCard(run)].filter(
    (part) => part !== undefined,
  );
  const reason = run.missing['result.json'] ?? 'The run recorded no phases, memory or throughput.';
  return section(
    'resources',
    'Time and memory',
    cards.length === 0 ? absent(reason) : html`<div class="grid-2">${cards}</div>`,
  );
}

export function versionsSection({ result }: Run): Markup | undefined {
  const versions = Object.entries(asRecord(result?.['versions']) ?? {});
  const job = asRecord(result?.['job']);
  if (versions.length === 0 && job === undefined) return undefined;
  return section(
    'reproduce',
    'Job and versions',
    versions.length > 0 &&
      table(
        ['Part', 'Version'],
        versions.map(([name, version]) => [name, asText(version) ?? JSON.stringify(version)]),
        'narrow',
      ),
    job !== undefined &&
      html`<details>
        <summary>The job as it was run</summary>
        <pre>${JSON.stringify(job, undefined, 2)}</pre>
      </details>`,
  );
}

function phaseCard({ result }: Run): Markup | undefined {
  const phases = Object.entries(numbersIn(result?.['phaseSeconds'])).filter(([, seconds]) => seconds > 0);
  if (phases.length === 0) return undefined;
  const total = phases.reduce((sum, [, seconds]) => sum + seconds, 0);
  const bars = phases
    .sort(([, a], [, b]) => b - a)
    .map(([name, seconds]) => ({
      name,
      value: seconds,
      text: `${formatSeconds(seconds)} · ${formatPercent(seconds / total)}`,
    }));
  return card(
    'Seconds by phase',
    barChart('Seconds by phase', bars),
    'Summed over all processes, whose phases overlap in time.',
  );
}

function memoryCard({ result }: Run): Markup | undefined {
  const roles = Object.entries(numbersIn(result?.['peakMemoryBytes']));
  if (roles.length === 0) return undefined;
  const bars = roles.map(([name, bytes]) => ({ name, value: bytes, text: formatBytes(bytes) }));
  return card(
    'Peak memory by role',
    barChart('Peak memory by role', bars, 3),
    'The largest process of each role.',
  );
}

function throughputCard({ steps }: Run): Markup | undefined {
  const points = steps.flatMap(({ step, tilesPerSecond }): Point[] =>
    tilesPerSecond === undefined ? [] : [[step, tilesPerSecond]],
  );
  if (points.length < 2) return undefined;
  const shown = thinned(points, 300);
  const [, high] = extent(shown.map(([, rate]) => rate));
  return card(
    'Throughput',
    lineChart({
      title: 'Tiles per second by step',
      x: { label: 'step', whole: true },
      y: { label: 'tiles/s', domain: [0, high], format: formatNumber },
      series: [{ name: 'tiles/s', points: shown, colour: 2 }],
    }),
  );
}

function restartCard({ result }: Run): Markup | undefined {
  const restarts = Object.entries(numbersIn(result?.['restarts']));
  if (restarts.length === 0) return undefined;
  return card(
    'Restarts',
    table(
      ['Role', 'Restarts'],
      restarts.map(([role, times]) => [role, times]),
      'narrow',
    ),
  );
}
