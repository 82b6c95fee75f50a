/**
 * Writes the statuses of jobs. A definition (CRD) in the cluster that is older than the operator knows not all of their
 * fields: the API server then refuses the write, or drops fields without a word, or serves no status at all. The loop
 * depends on what it has written (ends that are counted, sizes that were decided), so what could not be stored is kept in
 * this process and laid over what is stored: the job is reconciled as ever until the operator is started again, and that
 * it is so is reported, as an event, in the log and as a metric.
 */
import { isRecord } from '@wsi-operator/foundation';
import { API_VERSION, KIND, type WsiTrainingJobStatus } from '@wsi-operator/api';
import { ApiError, type ApiClient, type KubernetesObject } from '@wsi-operator/controller';
import type { Logger } from '@wsi-operator/foundation';
import type { PlanEvent } from '../../job/actions.ts';
import type { StoredJob } from './stored-job.ts';
import { staleWrite, wordsOf } from './refusals.ts';
import { FIELD_MANAGER, JOBS } from './resources.ts';

export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly logger: Logger;
  /** What the API server has answered, newer than the caches. */
  readonly remember: (job: StoredJob) => void;
  readonly report: (job: StoredJob, event: PlanEvent) => void;
  /** Called for each status that could not be stored whole. */
  readonly onIncomplete: () => void;
}

interface Unstored {
  readonly status: WsiTrainingJobStatus;
  readonly why: string;
}

/** What decisions are made of that stands in a status and nowhere else. */
const FORGOTTEN =
  'how often pods have ended (runPolicy.backoffLimit), how long the job was active (runPolicy.activeDeadlineSeconds) and the sizes that autoscaling has tried';

/** Deeper the schemas are the same, or a list of records. */
const DEEPEST = 6;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** By the job's uid. */
  readonly #unstored = new Map<string, Unstored>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** The job with the status that was decided last, be it that it could not be stored. */
  latest(job: StoredJob): StoredJob {
    const unstored = this.#unstored.get(job.metadata.uid);
    return unstored === undefined ? job : { ...job, status: unstored.status };
  }

  forget(uid: string): void {
    this.#unstored.delete(uid);
  }

  /**
   * Server-side apply of the whole status: one request, no read before it, and a field that is no longer in it goes.
   * It carries the version that the pass was planned from: whatever somebody else has written since (another leader's
   * status above all) is not overwritten, and the next pass starts from it.
   */
  async write(job: StoredJob, status: WsiTrainingJobStatus): Promise<void> {
    const { name, namespace, uid, resourceVersion = '' } = job.metadata;
    const metadata = { name, namespace, uid, resourceVersion };
    try {
      const options = { fieldManager: FIELD_MANAGER, force: true };
      const object = { apiVersion: API_VERSION, kind: KIND, metadata, status };
      const written = await this.#options.client.applyStatus<KubernetesObject>(JOBS, object, options);
      this.#stored(job, written as StoredJob, status);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isConflict) {
        const fresh = await this.#read(job);
        if (fresh !== undefined) this.#options.remember(fresh);
        throw staleWrite(error);
      }
      if (error.isNotFound) {
        // Deleted since: there is nothing to write to. Or the definition has no status.
        if ((await this.#read(job))?.metadata.uid !== uid) return;
      } else if (!isOfSchema(error)) throw error;
      await this.#merge(job, status, error);
    }
  }

  /** As much of it as the definition knows: from a merge the API server drops the rest. */
  async #merge(job: StoredJob, status: WsiTrainingJobStatus, refusal: ApiError): Promise<void> {
    const { name, namespace, uid } = job.metadata;
    const patch = { metadata: { uid }, status };
    try {
      const options = { subresource: 'status' };
      const written = await this.#options.client.patch<StoredJob>(JOBS, name, namespace, patch, options);
      this.#options.remember(written);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    this.#incomplete(job, status, wordsOf(refusal));
  }

  #stored(job: StoredJob, written: StoredJob, status: WsiTrainingJobStatus): void {
    this.#options.remember(written);
    const dropped = droppedField(status, written.status, '.status', 0);
    if (dropped === undefined) this.#unstored.delete(job.metadata.uid);
    else this.#incomplete(job, status, `${dropped} was dropped`);
  }

  #incomplete(job: StoredJob, status: WsiTrainingJobStatus, why: string): void {
    const { uid, name, namespace } = job.metadata;
    const before = this.#unstored.get(uid);
    this.#unstored.set(uid, { status, why });
    this.#options.onIncomplete();
    if (before !== undefined) return;
    const message = `The API server does not store all of the status: ${why}. The definition (CRD) of the cluster is older than the operator: apply that of the operator's version. Until then ${FORGOTTEN} are known to this operator only: when it is restarted, what is not stored is forgotten.`;
    this.#options.logger.warn({ job: name, namespace, why }, 'status not stored whole: definition outdated');
    this.#options.report(job, { type: 'Warning', reason: 'DefinitionOutdated', message });
  }

  #read({ metadata: { name, namespace } }: StoredJob): Promise<StoredJob | undefined> {
    return this.#options.client.get<StoredJob>(JOBS, name, namespace);
  }
}

/** Of a status that the definition has no place for; servers before 1.3x say so as an internal error. */
function isOfSchema(error: ApiError): boolean {
  if (error.status === 422 || error.status === 400) return true;
  return error.status === 500 && /schema|typed patch|unknown field/i.test(error.message);
}

/** The first field that was sent and has not come back; empty ones may be left out. */
function droppedField(sent: unknown, got: unknown, path: string, depth: number): string | undefined {
  if (depth > DEEPEST || !isRecord(sent)) return undefined;
  for (const [name, value] of Object.entries(sent)) {
    const place = `${path}.${name}`;
    const there = isRecord(got) ? got[name] : undefined;
    if (value === undefined || value === null) continue;
    if (there === undefined) return place;
    const inner = Array.isArray(value)
      ? droppedItem(value, there, place, depth)
      : droppedField(value, there, place, depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Lists of a status are written as a whole and in order; the first records tell of all. */
function droppedItem(
  sent: readonly unknown[],
  got: unknown,
  path: string,
  depth: number,
): string | undefined {
  const items: readonly unknown[] = Array.isArray(got) ? got : [];
  if (items.length < sent.length) return path;
  return droppedField(sent[0], items[0], `${path}[0]`, depth + 1);
}
