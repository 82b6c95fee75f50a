/** The jobs of a namespace, live. Loaded with the Kubernetes client only. */
import { Informer } from '@wsi-operator/controller';
import { jobTable } from './job-table.ts';
import { completed, type WatchedJob } from './jobs.ts';
import { formatObjects, isObjectFormat, type ObjectFormat } from './object-output.ts';
import type { ClusterSession, Terminal } from './session.ts';
import { JOB_RESOURCE, type StoredJob } from './wire.ts';
import { ownSequence } from '../terminal/printable.ts';

export interface WatchJobsOptions {
  /** Absent: all. */
  readonly namespace: string | undefined;
  readonly format: 'wide' | ObjectFormat | undefined;
}

/** Until Ctrl-C. Returns the exit code. */
export async function watchJobs(session: ClusterSession, options: WatchJobsOptions): Promise<number> {
  const { client, terminal } = session;
  const { namespace, format } = options;
  const interrupts = terminal.interrupts(() => undefined);
  const informer = new Informer<WatchedJob>({
    client,
    resource: JOB_RESOURCE,
    ...(namespace === undefined ? {} : { namespace }),
    clock: terminal.clock,
  });
  const table = (): string =>
    jobTable(informer.list().map(completed), {
      wide: format === 'wide',
      allNamespaces: namespace === undefined,
      now: terminal.clock.now(),
    });
  const view = isObjectFormat(format)
    ? objectsView(terminal, format)
    : terminal.redraws
      ? redrawnView(terminal, table)
      : linesView(terminal, table);
  try {
    informer.onChange(({ type, object }) => view.changed(completed(object), type === 'deleted'));
    const running = informer.run(interrupts.stop);
    await Promise.all([running, refresh(terminal, view, interrupts.stop)]);
    return interrupts.exitCode;
  } finally {
    interrupts.close();
  }
}

interface View {
  changed(job: StoredJob, deleted: boolean): void;
  /** Called so often, whether anything has changed or not. */
  tick(): void;
}

const REFRESH_MILLISECONDS = 500;

async function refresh(terminal: Terminal, view: View, signal: AbortSignal): Promise<void> {
  const aborted = (): false => false;
  while (await terminal.clock.sleep(REFRESH_MILLISECONDS, signal).then(() => true, aborted)) view.tick();
  view.tick();
}

function objectsView(terminal: Terminal, format: ObjectFormat): View {
  return {
    changed: (job) => {
      const separator = format === 'yaml' ? '---\n' : '';
      terminal.data(`${separator}${formatObjects([job], format, false)}`);
    },
    tick: () => undefined,
  };
}

/** The whole table is drawn over itself; what does not fit on the screen is counted. */
export function redrawnView(terminal: Terminal, table: () => string): View {
  let drawn = 0;
  let before = '';
  return {
    changed: () => undefined,
    tick: () => {
      const lines = table().trimEnd().split('\n');
      const room = terminal.rows - 2;
      const shown = lines.slice(0, room).map((line) => line.slice(0, terminal.columns - 1));
      if (lines.length > room) shown.push(`... and ${lines.length - room} more`);
      const text = shown.join('\n');
      if (text === before) return;
      before = text;
      const up = drawn === 0 ? '' : ownSequence(`\u001b[${drawn}A\u001b[J`);
      drawn = shown.length;
      terminal.out(`${up}${text}\n`);
    },
  };
}

/** Where nothing can be drawn over: the table, then the lines that have changed, their ages apart. */
export function linesView(terminal: Terminal, table: () => string): View {
  let known: ReadonlySet<string> = new Set();
  let gone: string[] = [];
  const ageless = (line: string): string => line.replace(/\s+\S+$/, '');
  return {
    changed: (job, deleted) => {
      if (deleted) gone.push(`${job.metadata.name} was deleted\n`);
    },
    tick: () => {
      const lines = table().trimEnd().split('\n');
      const [header = '', ...rows] = lines;
      const fresh = rows.filter((row) => !known.has(ageless(row)));
      if (fresh.length > 0) terminal.out([...(known.size === 0 ? [header] : []), ...fresh, ''].join('\n'));
      terminal.out(gone.join(''));
      gone = [];
      known = new Set(rows.map(ageless));
    },
  };
}
