/**
 * `npm run scale -- --hostile`: what one tenant's doings cost the operator, and another tenant. The operator is its real
 * process; the API server is the tests' own and pods only pretend, but coordinators are processes that answer over gRPC.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ask,
  HOSTILE,
  MODEST,
  peakMemory,
  TenantsBed,
  type OperatorProcess,
} from '@wsi-operator/operator/testing';

export interface HostileRow {
  readonly attack: string;
  /** Most memory in RAM, up to the end of the measurement or of the operator. */
  readonly peakMebibytes: number;
  /** From a new job of the other tenant to its pods, median; `never` within half a minute. */
  readonly secondsToPods: number | 'never';
  /** Between two steps of the other tenant's run in its status, median; an honest coordinator does one a question. */
  readonly secondsBetweenSteps: number | 'never';
  readonly operator: 'runs' | 'ended' | 'lost the lead';
}

interface Attack {
  readonly name: string;
  /** Before the operator is started. */
  readonly prepare?: (bed: TenantsBed) => Promise<void>;
  readonly begin?: (bed: TenantsBed) => Promise<void>;
}

const submitMany = async (bed: TenantsBed, count: number, ways?: string): Promise<void> => {
  for (let index = 0; index < count; index += 1) {
    bed.submit(HOSTILE, `job-${index}`, ways);
    if (index % 20 === 19) await delay(1);
  }
};

/** In the order in which they are measured. */
const ATTACKS: readonly Attack[] = [
  { name: 'nothing' },
  {
    name: 'eight coordinators that answer with 60,000 metrics',
    begin: (bed) => submitMany(bed, 8, 'megabytes'),
  },
  {
    name: 'eight coordinators that answer with 120,000 empty objects',
    begin: (bed) => submitMany(bed, 8, 'empty objects'),
  },
  {
    name: 'eight coordinators that answer with a compressed 64 MiB',
    begin: (bed) => submitMany(bed, 8, 'a compressed bomb'),
  },
  { name: 'forty coordinators that never answer', begin: (bed) => submitMany(bed, 40, 'silence') },
  { name: '150 ConfigMaps of 900 KiB, with its label', prepare: (bed) => bed.fill('large', 150, 900 * 1024) },
  {
    name: '500 pods with annotations of 200 KiB, with its labels',
    prepare: (bed) => bed.crowd('pod', 500, 200 * 1024),
  },
  { name: '2,000 jobs at once', begin: (bed) => submitMany(bed, 2_000) },
];

const LONGEST_MILLISECONDS = 30_000;
const JOBS = 3;
const STEPS = 4;
/** How often a hostile coordinator has answered its way before anything is measured. */
const TIMES = 3;

/**
 * @param main the operator's main.ts, of this checkout by default
 * @param only measures attacks with these words in their names
 */
export async function measureHostile(
  log: (line: string) => void,
  { main, only = '' }: { readonly main?: string | undefined; readonly only?: string | undefined } = {},
): Promise<HostileRow[]> {
  const rows: HostileRow[] = [];
  for (const attack of ATTACKS.filter(({ name }) => name.includes(only))) {
    log(attack.name);
    const row = await measureOne(attack, main);
    log(JSON.stringify(row));
    rows.push(row);
  }
  return rows;
}

async function measureOne({ name, prepare, begin }: Attack, main: string | undefined): Promise<HostileRow> {
  await using bed = await TenantsBed.start();
  await prepare?.(bed);
  const operator = await bed.startOperator('operator', {
    flags: ['--progress-interval=1000'],
    // The chart's limit of memory is 512 MiB; Node gives its heap about half of it.
    nodeFlags: ['--max-old-space-size=256'],
    ...(main === undefined ? {} : { main }),
  });
  let peak = 0;
  const watching = setInterval(() => (peak = Math.max(peak, memoryOf(operator))), 100);
  const holds = (condition: () => boolean | Promise<boolean>): Promise<number | undefined> =>
    secondsUntil(() => isGone(operator), condition);
  try {
    await holds(async () => (await ask(operator.metrics)).text.includes('\nwsi_operator_leader 1\n'));
    bed.submit(MODEST, 'run', 'none');
    const step = (): number => bed.status(MODEST, 'run').progress?.step ?? 0;
    await holds(() => step() > 0);
    await begin?.(bed);
    // Once it is under way: each of the coordinators has done its worst some times.
    await holds(() => bed.pods(HOSTILE).length > 0 || begin === undefined);
    await holds(() => bed.coordinators(HOSTILE).every((said) => said.length > TIMES));
    const waits: (number | undefined)[] = [];
    for (let index = 0; index < JOBS; index += 1) {
      bed.submit(MODEST, `new-${index}`);
      waits.push(await holds(() => bed.pods(MODEST, `new-${index}`).length === 2));
    }
    const between: (number | undefined)[] = [];
    for (let index = 0; index < STEPS; index += 1) {
      const from = step();
      between.push(await holds(() => step() > from));
    }
    return {
      attack: name,
      peakMebibytes: Math.round(peak / 2 ** 20),
      secondsToPods: median(waits),
      secondsBetweenSteps: median(between),
      operator: stateOf(operator),
    };
  } finally {
    clearInterval(watching);
  }
}

/** Undefined: not within half a minute, or the operator has ended. */
async function secondsUntil(
  isOver: () => boolean,
  condition: () => boolean | Promise<boolean>,
): Promise<number | undefined> {
  const start = performance.now();
  for (;;) {
    if (await condition()) return (performance.now() - start) / 1000;
    if (isOver() || performance.now() - start > LONGEST_MILLISECONDS) return undefined;
    await delay(10);
  }
}

function isGone({ child }: OperatorProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function memoryOf(operator: OperatorProcess): number {
  return isGone(operator) || operator.child.pid === undefined ? 0 : peakMemory(operator.child.pid);
}

function stateOf(operator: OperatorProcess): HostileRow['operator'] {
  if (!isGone(operator)) return 'runs';
  return operator.log().includes('the lead is lost') ? 'lost the lead' : 'ended';
}

/** What never came counts as the longest. */
function median(values: readonly (number | undefined)[]): number | 'never' {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(middle) ? Math.round(middle * 100) / 100 : 'never';
}

/** As a table of Markdown. */
export function hostileTable(rows: readonly HostileRow[]): string {
  const lines = rows.map(({ attack, peakMebibytes, secondsToPods, secondsBetweenSteps, operator }) =>
    [attack, peakMebibytes, secondsToPods, secondsBetweenSteps, operator].join(' | '),
  );
  const head = ['attack', 'peak MiB', "s to a new job's pods", 's between steps', 'operator'];
  return [
    '| ' + head.join(' | ') + ' |',
    '|' + ' --- |'.repeat(head.length),
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}
