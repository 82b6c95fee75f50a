/** A manifest becomes a job of the cluster. Loaded with the Kubernetes client only. */
import { applyOverrides, jobFromText, parseManifest, validate, type WsiTrainingJob } from '@wsi-operator/api';
import { ApiError, resourcePath } from '@wsi-operator/controller';
import { WsiError } from '@wsi-operator/foundation';
import { isOver } from './job-table.ts';
import { completed } from './jobs.ts';
import type { ClusterSession } from './session.ts';
import { formatChange, specChanges, type FieldChange } from './spec-changes.ts';
import { JOB_RESOURCE, type StoredJob } from './wire.ts';

/** A job as its author wrote it, and what it stands for. */
export interface Submission {
  /** Without the defaults: those are the API server's to fill in. */
  readonly manifest: WsiTrainingJob;
  readonly job: WsiTrainingJob;
}

/** Throws InvalidManifest with every fault and its line. */
export function readSubmission(text: string, name: string, overrides: readonly string[]): Submission {
  const job = jobFromText(text, name, { overrides });
  const { apiVersion, kind, metadata, spec } = applyOverrides(
    parseManifest(text, name).manifest,
    overrides,
  ) as WsiTrainingJob;
  // What a cluster gave to an exported job (uid, resourceVersion, status) is not the author's.
  const { name: given, labels, annotations, namespace, generateName } = metadata as Partial<typeof metadata>;
  const kept = {
    // A name that the API server makes stands in the manifest until then.
    name: job.metadata.name,
    ...(given !== undefined || generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { manifest: { apiVersion, kind, metadata: kept, spec }, job };
}

/** Throws InvalidArgument when the file and the option name two namespaces. */
export function inNamespace(submission: Submission, chosen: string | undefined, usual: string): Submission {
  const own = submission.manifest.metadata.namespace;
  if (own !== undefined && chosen !== undefined && own !== chosen) {
    throw new WsiError('InvalidArgument', `the manifest is for the namespace ${own}, not ${chosen}`, {
      where: '--namespace',
      remedy: 'Leave out one of them.',
    });
  }
  const namespace = own ?? chosen ?? usual;
  const { manifest, job } = submission;
  return {
    manifest: { ...manifest, metadata: { ...manifest.metadata, namespace } },
    job: { ...job, metadata: { ...job.metadata, namespace } },
  };
}

export interface SubmitChoice {
  readonly replace: boolean;
  /** The API server checks everything and stores nothing. */
  readonly dryRun: boolean;
}

export interface Submitted {
  readonly done: 'created' | 'unchanged' | 'replaced' | 'recreated';
  readonly job: StoredJob;
  readonly changes: readonly FieldChange[];
}

export async function submitJob(
  session: ClusterSession,
  submission: Submission,
  choice: SubmitChoice,
): Promise<Submitted> {
  const { name, generateName } = submission.manifest.metadata;
  // Each time another job.
  const existing =
    generateName === undefined
      ? await session.client.get<StoredJob>(JOB_RESOURCE, name, session.namespace)
      : undefined;
  if (existing === undefined) {
    return { done: 'created', job: await create(session, submission, choice), changes: [] };
  }
  const changes = specChanges(completed(existing).spec, submission.job.spec);
  const over = isOver(existing);
  if (changes.length === 0 && !(over && choice.replace)) return { done: 'unchanged', job: existing, changes };
  if (!choice.replace) throw refusal(session, existing, changes);
  if (!over) return { done: 'replaced', job: await replace(session, submission, choice), changes };
  // Nothing can be created in earnest beside what is still there.
  if (choice.dryRun) return { done: 'recreated', job: existing, changes };
  await remove(session, existing);
  return { done: 'recreated', job: await create(session, submission, choice), changes };
}

function refusal(session: ClusterSession, existing: StoredJob, changes: readonly FieldChange[]): WsiError {
  const { name } = existing.metadata;
  const lines = changes.map((change) => `\n  ${formatChange(change)}`).join('');
  const remedy = isOver(existing)
    ? '--replace deletes it and runs this one; --name gives this one another name.'
    : '--replace changes it, as far as it may be changed while it runs; --name makes another job.';
  return new WsiError(
    'InvalidArgument',
    `there is a job "${name}" already in the namespace ${session.namespace} (${existing.status?.phase ?? 'Pending'}), with another spec:${lines}\n`,
    { remedy },
  );
}

/** Strictly: what a definition in the cluster that is older than this program does not know must not be dropped silently. */
async function create(
  session: ClusterSession,
  { manifest }: Submission,
  { dryRun }: SubmitChoice,
): Promise<StoredJob> {
  const { name, ...unnamed } = manifest.metadata;
  const metadata = unnamed.generateName === undefined ? { name, ...unnamed } : unnamed;
  const path = resourcePath(JOB_RESOURCE, { namespace: session.namespace });
  const query = `${dryRun ? 'dryRun=All&' : ''}fieldValidation=Strict`;
  return session.client.raw<StoredJob>('POST', `${path}?${query}`, { ...manifest, metadata });
}

/** The operator writes the status all the time, so a conflict is ordinary. */
const ATTEMPTS = 10;

async function replace(
  session: ClusterSession,
  submission: Submission,
  { dryRun }: SubmitChoice,
): Promise<StoredJob> {
  const { manifest } = submission;
  const { client, namespace } = session;
  const { name } = manifest.metadata;
  const path = resourcePath(JOB_RESOURCE, { namespace, name });
  for (let attempt = 1; ; attempt += 1) {
    const existing = await client.get<StoredJob>(JOB_RESOURCE, name, namespace);
    if (existing === undefined) return create(session, submission, { dryRun, replace: true });
    // The API server's own rules on changes, checked before it is asked. A default that is not stored is no change.
    const { problems } = validate(submission.job, { old: completed(existing) });
    if (problems !== undefined) throw unchangeable(session, name, problems);
    const metadata = {
      ...existing.metadata,
      labels: { ...existing.metadata.labels, ...manifest.metadata.labels },
      annotations: { ...existing.metadata.annotations, ...manifest.metadata.annotations },
    };
    const next = { ...existing, metadata, spec: manifest.spec };
    try {
      const query = `${dryRun ? 'dryRun=All&' : ''}fieldValidation=Strict`;
      return await client.raw<StoredJob>('PUT', `${path}?${query}`, next);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isConflict || attempt >= ATTEMPTS) throw error;
    }
  }
}

function unchangeable(
  session: ClusterSession,
  name: string,
  problems: readonly { readonly path: string; readonly problem: string }[],
): WsiError {
  const lines = problems.map(({ path, problem }) => `\n  ${path}: ${problem}`).join('');
  return new WsiError('InvalidManifest', `the job "${name}" cannot be changed so:${lines}\n`, {
    remedy: `Give this one another name with --name, or end the old one first: ${session.program} cancel ${name}${session.where}`,
  });
}

const GONE_SECONDS = 120;

/** Deletes the job with everything that belongs to it, and waits until all of it is gone. */
async function remove(session: ClusterSession, job: StoredJob): Promise<void> {
  const { client, namespace, terminal } = session;
  const { name, uid } = job.metadata;
  await client.delete(JOB_RESOURCE, name, namespace, { uid, propagationPolicy: 'Foreground' });
  const end = terminal.clock.monotonic() + GONE_SECONDS * 1000;
  for (let wait = 100; terminal.clock.monotonic() < end; wait = Math.min(2000, wait * 2)) {
    const left = await client.get<StoredJob>(JOB_RESOURCE, name, namespace);
    if (left === undefined || left.metadata.uid !== uid) return;
    await terminal.clock.sleep(wait);
  }
  throw new WsiError('Unavailable', `the ended job "${name}" is not gone after ${GONE_SECONDS} s`, {
    remedy: `Something holds it back: kubectl get wtj ${name} -n ${namespace} -o yaml shows its finalizers.`,
  });
}
