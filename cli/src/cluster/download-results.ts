/** The files of a job's output claim, through a pod that reads them; see result-reader.ts. */
import type { Readable } from 'node:stream';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApiError, assignsUsers } from '@wsi-operator/controller';
import { TRAINER_CONTAINER } from '@wsi-operator/api';
import { openAnew, parseJson, WsiError } from '@wsi-operator/foundation';
import { podsOf } from './logs.ts';
import { podState } from './pod-state.ts';
import { outputClaim } from './storage.ts';
import { requireJob } from './jobs.ts';
import { READER_PORT, readerPod } from './result-reader.ts';
import type { ClusterSession } from './session.ts';
import { POD_RESOURCE, type Pod, type SecurityContext, type StoredJob } from './wire.ts';

export interface ResultFile {
  readonly path: string;
  readonly bytes: number;
}

export interface DownloadOptions {
  readonly directory: string;
  /** Also checkpoints, logs and the surveyed tiles; otherwise what people read. */
  readonly all: boolean;
  /** The reader's image, for when no pod of the job is left to name one. */
  readonly image?: string | undefined;
}

const WAIT_SECONDS = 300;
const POLL_MILLISECONDS = 1000;
/** Some hundred thousand files. */
const MOST_LIST_BYTES = 64 * 2 ** 20;
/** What a download without `--all` leaves where it is. */
const MACHINERY = /^(checkpoints|logs|tiles|previous-\d+)\//;

/** @throws WsiError with what to do */
export async function downloadResults(
  session: ClusterSession,
  name: string,
  options: DownloadOptions,
): Promise<ResultFile[]> {
  const { client, namespace } = session;
  const job = await requireJob(session, name);
  const claim = outputClaim(job)?.name;
  if (claim === undefined) {
    throw new WsiError(
      'InvalidArgument',
      'the output of this job is on no claim, so nothing is left to fetch',
      {
        where: `job ${name}`,
        remedy: 'Give spec.storage.output a size or a claimName, or copy from the volume of your template.',
      },
    );
  }
  const pods = await podsOf(session, name);
  const image = imageOf(name, pods, options.image);
  const users = usersOf(job, pods);
  const identity = (await assignsUsers(client)) ? 'platform' : 'fixed';
  const pod = `${name.slice(0, 40)}-results-${Math.random().toString(36).slice(2, 8)}`;
  await client.create(POD_RESOURCE, readerPod({ name: pod, namespace, claim, ...image, users, identity }));
  try {
    await untilReady(session, pod);
    const proxy = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${pod}:${READER_PORT}/proxy`;
    const listed = await readList(await client.stream(`${proxy}/list`), `job ${name}`);
    const wanted = listed.filter(({ path }) => options.all || !MACHINERY.test(path));
    const fetched: ResultFile[] = [];
    for (const file of wanted)
      if (await fetchFile(session, proxy, file, options.directory)) fetched.push(file);
    return fetched;
  } finally {
    await client.delete(POD_RESOURCE, pod, namespace, { gracePeriodSeconds: 1 });
  }
}

type Image = Pick<Parameters<typeof readerPod>[0], 'image' | 'imagePullSecrets'>;

/** That of the job's own pods, which its nodes can pull. */
function imageOf(job: string, pods: readonly Pod[], given: string | undefined): Image {
  for (const { spec } of pods) {
    const image = spec?.containers?.find((container) => container.name === TRAINER_CONTAINER)?.image;
    if (image !== undefined) return { image: given ?? image, imagePullSecrets: spec?.imagePullSecrets ?? [] };
  }
  if (given !== undefined) return { image: given, imagePullSecrets: [] };
  throw new WsiError('InvalidArgument', 'no pod of the job is left, whose image could read the claim', {
    where: `job ${job}`,
    remedy: 'Give --image REGISTRY/wsi-operator/trainer:VERSION.',
  });
}

/** What a pod, or a template of a job, says of who runs it. */
interface Users {
  readonly securityContext?: SecurityContext;
  readonly containers?: readonly { readonly name: string; readonly securityContext?: SecurityContext }[];
}

/** Who reads: whoever wrote, by the job's own pods as the platform has completed them, or else by its template. */
function usersOf(job: StoredJob, [pod]: readonly Pod[]): Parameters<typeof readerPod>[0]['users'] {
  const spec: Users | undefined = pod?.spec ?? job.spec.coordinator.template.spec;
  const trainer = spec?.containers?.find(({ name }) => name === TRAINER_CONTAINER);
  const { runAsUser, runAsGroup, runAsNonRoot } = trainer?.securityContext ?? {};
  const user = Object.entries({ runAsUser, runAsGroup, runAsNonRoot });
  const container = Object.fromEntries(user.filter(([, value]) => value !== undefined));
  return { pod: spec?.securityContext ?? {}, container };
}

/** A pod in such a state does not come to run by waiting. */
const HOPELESS =
  /^(ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError|RunContainerError)$/;

async function untilReady({ client, namespace, terminal }: ClusterSession, name: string): Promise<void> {
  const until = terminal.clock.monotonic() + WAIT_SECONDS * 1000;
  for (;;) {
    const pod = await client.get<Pod>(POD_RESOURCE, name, namespace);
    const { phase, conditions = [] } = pod?.status ?? {};
    if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return;
    const { state, why } = pod === undefined ? { state: 'gone', why: '' } : podState(pod);
    const over = pod === undefined || phase === 'Failed' || phase === 'Succeeded' || HOPELESS.test(state);
    if (over || terminal.clock.monotonic() > until) {
      const words = [state, why].filter((word) => word !== '').join(': ');
      throw new WsiError('Unavailable', `the pod that reads the output did not start (${words})`, {
        where: `pod ${name}`,
        remedy: HOPELESS.test(state)
          ? 'Give an image that the nodes can pull: --image REGISTRY/wsi-operator/trainer:VERSION.'
          : 'A claim that one node may mount (ReadWriteOnce) is free when the job has ended: try again then.',
      });
    }
    await terminal.clock.sleep(POLL_MILLISECONDS);
  }
}

/** The reader runs an image of the job's: what it answers is data of a stranger. */
async function readList(answer: Readable, where: string): Promise<ResultFile[]> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > MOST_LIST_BYTES) throw noList(where, 'more than 64 MiB');
  }
  const listed = parsedList(Buffer.concat(parts).toString('utf8'));
  if (!Array.isArray(listed) || !listed.every(isResultFile)) throw noList(where, 'something else');
  return listed;
}

function parsedList(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isResultFile(entry: unknown): entry is ResultFile {
  const { path, bytes } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  return typeof path === 'string' && typeof bytes === 'number';
}

function noList(where: string, came: string): WsiError {
  return new WsiError('Unavailable', `${came} came in place of the list of files`, {
    where,
    remedy: 'Give --image REGISTRY/wsi-operator/trainer:VERSION, which you trust.',
  });
}

/**
 * Whole or not at all, and never outside the directory.
 * @returns false for a file that is gone since it was listed: a run that goes on removes its older checkpoints
 */
async function fetchFile(
  { client }: ClusterSession,
  proxy: string,
  { path, bytes }: ResultFile,
  directory: string,
): Promise<boolean> {
  const target = resolve(directory, path);
  if (!target.startsWith(resolve(directory) + sep)) {
    throw new WsiError('InvalidArgument', 'a file of the output has a name that leads elsewhere', {
      where: path,
    });
  }
  await mkdir(dirname(target), { recursive: true });
  const partial = join(dirname(target), `.${process.pid}.partial`);
  try {
    const answer = await client.stream(`${proxy}/file?path=${encodeURIComponent(path)}`);
    const file = await openAnew(partial);
    await pipeline(answer, file.createWriteStream());
    const { size } = await stat(partial);
    if (size < bytes)
      throw new WsiError('Unavailable', `only ${size} of ${bytes} bytes came`, { where: path });
    await rename(partial, target);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return false;
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}
