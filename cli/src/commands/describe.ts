/** `wsi describe`: everything about one job, and what to do next. */
import type { Command } from 'commander';
import { describeJob } from '../cluster/description.ts';
import type { ClusterSession } from '../cluster/session.ts';
import { EVENT_RESOURCE, type ClusterEvent, type Pod, type StoredJob } from '../cluster/wire.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { clusterCommand, onChosenCluster, type ClusterFlags } from './cluster-options.ts';

export function registerDescribe(program: Command): void {
  clusterCommand(program, 'describe')
    .summary('show everything about a job, and what to do next')
    .description(
      'Spec in short, conditions with their reasons, pods with what they wait for,\n' +
        'events in the order of time, and what to do next.',
    )
    .argument('<job>', 'name of the job')
    .action(async (job: string, flags: ClusterFlags) =>
      onChosenCluster(program, flags, async (session) => describe(session, job)),
    );
}

/** Returns the exit code. */
export async function describe(session: ClusterSession, name: string): Promise<number> {
  const { requireJob } = await import('../cluster/jobs.ts');
  const { podsOf } = await import('../cluster/logs.ts');
  const { terminal, program, where } = session;
  const job = await requireJob(session, name);
  const pods = await orNothing(session, 'pods', podsOf(session, name));
  const events = await orNothing(session, 'events', eventsOf(session, job, pods));
  terminal.out(
    describeJob({
      job,
      pods,
      events,
      program,
      where,
      columns: terminal.columns,
      now: terminal.clock.now(),
    }),
  );
  return EXIT_CODES.done;
}

/** A part that may not be read does not keep the others back. */
async function orNothing<Item>(
  session: ClusterSession,
  what: string,
  items: Promise<Item[]>,
): Promise<Item[]> {
  const { explain } = await import('../cluster/explain.ts');
  const { ApiError } = await import('@wsi-operator/controller');
  try {
    return await items;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const explained = await explain(error, session);
    session.terminal.note(`! No ${what}: ${explained instanceof Error ? explained.message : ''}`);
    return [];
  }
}

async function eventsOf(
  session: ClusterSession,
  job: StoredJob,
  pods: readonly Pod[],
): Promise<ClusterEvent[]> {
  const { client, namespace } = session;
  const { name } = job.metadata;
  const [ofJob, ofPods] = await Promise.all(
    [`involvedObject.kind=${job.kind},involvedObject.name=${name}`, 'involvedObject.kind=Pod'].map(
      (fieldSelector) => client.list<ClusterEvent>(EVENT_RESOURCE, { namespace, fieldSelector }),
    ),
  );
  // Also of pods that are gone; another job may be called `NAME-worker`, so the whole name must fit.
  const own = new RegExp(`^${name}-(coordinator|server|worker)-\\d+$`);
  const present = new Set(pods.map((pod) => pod.metadata.name));
  const isOwn = (event: ClusterEvent): boolean => {
    const { kind, name: about = '' } = event.involvedObject ?? {};
    return kind === 'Pod' ? own.test(about) || present.has(about) : about === name;
  };
  const all = [...(ofJob?.items ?? []), ...(ofPods?.items ?? [])];
  // A server that does not know the selector gives every event twice.
  return [
    ...new Map(all.filter(isOwn).map((event) => [event.metadata.uid ?? event.metadata.name, event])).values(),
  ];
}
