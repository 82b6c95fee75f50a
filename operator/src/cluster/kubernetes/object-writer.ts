/**
 * Writes objects for a job without ever touching one that is not the job's: an object is created, and only what is known
 * to be ours is changed or deleted, with its uid as a precondition.
 *
 * New objects are created by POST, not by apply: apply would silently take over an object of the same name that
 * somebody else has made. What is ours is repaired by server-side apply.
 */
import {
  ApiError,
  TokenBucket,
  type ApiClient,
  type KubernetesObject,
  type Resource,
} from '@wsi-operator/controller';
import { WsiError, type Clock } from '@wsi-operator/foundation';
import type { Contests } from './contests.ts';
import type { ObjectCaches } from './object-caches.ts';
import { objectId } from './own-writes.ts';
import { ownership, type JobIdentity } from './ownership.ts';
import { nameTaken, staleWrite, wordsOf, type Refusals } from './refusals.ts';
import type { Refusal } from '../../job/actions.ts';
import type { V1OwnerReference } from '../../kubernetes-types.ts';
import { FIELD_MANAGER, isOf, PODS } from './resources.ts';
import { trimObject, trimPod } from './trim.ts';

/** So many writes to one object at once, such as by a user who tries things out, and on average. */
const REPAIRS = { burst: 10, perSecond: 0.2 } as const;

export interface ObjectWriterOptions {
  readonly client: ApiClient;
  readonly caches: ObjectCaches;
  readonly clock: Clock;
  readonly refusals: Refusals;
  readonly contests: Contests;
}

interface Created {
  readonly object: KubernetesObject;
  /** It was there already. */
  readonly found: boolean;
}

export class ObjectWriter {
  readonly #client: ApiClient;
  readonly #caches: ObjectCaches;
  readonly #clock: Clock;
  readonly #refusals: Refusals;
  readonly #contests: Contests;
  /** By job and object: how often it may be put right. */
  readonly #turns = new Map<string, Map<string, TokenBucket>>();

  constructor({ client, caches, clock, refusals, contests }: ObjectWriterOptions) {
    this.#client = client;
    this.#caches = caches;
    this.#clock = clock;
    this.#refusals = refusals;
    this.#contests = contests;
  }

  /**
   * Creates the object; one of this name that is the job's already is left as it is.
   * @throws WsiError when the name is taken by an object of somebody else
   */
  async create(job: JobIdentity, resource: Resource, object: KubernetesObject): Promise<Created> {
    const isPod = isOf(PODS, object.apiVersion, object.kind);
    // The plan waits between two pods of a place; this holds whatever the plan knows.
    if (isPod) this.#takeTurn(job, object);
    try {
      const created = await this.#unlessRefused(job, 'create', object, () =>
        this.#client.create<KubernetesObject>(resource, object),
      );
      if (isPod) this.#caches.gonePods.made(job.uid, trimPod(created));
      return { object: this.#remember(job, created), found: false };
    } catch (error) {
      if (error instanceof ApiError && error.isAlreadyExists) return this.#existing(job, resource, object);
      throw error;
    }
  }

  /**
   * Creates the object or brings what is there, when it is the job's, to this content.
   * @throws WsiError also when that was done again and again: somebody else undoes it each time
   */
  async apply(job: JobIdentity, resource: Resource, object: KubernetesObject): Promise<void> {
    this.#takeTurn(job, object);
    let present = this.#caches.objects(job).find((one) => objectId(one) === objectId(object));
    if (present === undefined) {
      const created = await this.create(job, resource, object);
      if (!created.found) {
        this.#contests.written(job.uid, objectId(object), nameOf(object), object);
        return;
      }
      present = created.object;
    }
    const { uid } = present.metadata;
    const desired = { ...object, metadata: { ...object.metadata, ...(uid === undefined ? {} : { uid }) } };
    const options = { fieldManager: FIELD_MANAGER, force: true };
    const applied = await this.#unlessRefused(job, 'change', object, () =>
      this.#client.apply<KubernetesObject>(resource, desired, options),
    );
    this.#remember(job, applied);
    this.#contests.written(job.uid, objectId(object), nameOf(object), object);
  }

  /**
   * Makes the job the controller of an object that has none.
   * @throws WsiError when it is another's
   */
  async adopt(
    job: JobIdentity,
    resource: Resource,
    { name, owner }: { readonly name: string; readonly owner: V1OwnerReference },
  ): Promise<void> {
    const found = await this.#client.get<KubernetesObject>(resource, name, job.namespace);
    if (found === undefined) return;
    const whose = ownership(found, job);
    if (whose === 'own') {
      this.#remember(job, found);
      return;
    }
    const { uid, resourceVersion, ownerReferences = [] } = found.metadata;
    if (ownerReferences.some(({ controller }) => controller === true)) {
      throw nameTaken(whose, `${found.kind} ${job.namespace}/${name}`);
    }
    const metadata = { uid, resourceVersion, ownerReferences: [...ownerReferences, owner] };
    this.#remember(
      job,
      await this.#unlessRefused(job, 'change', found, () =>
        this.#client.patch<KubernetesObject>(resource, name, job.namespace, { metadata }),
      ),
    );
  }

  /** Deletes an object that the caches show as the job's; others are not touched. */
  async delete(
    job: JobIdentity,
    resource: Resource,
    object: KubernetesObject,
    options: { readonly gracePeriodSeconds?: number } = {},
  ): Promise<void> {
    const { name = '', namespace, uid } = object.metadata;
    if (uid === undefined || ownership(object, job) !== 'own') return;
    const now = new Date(this.#clock.now()).toISOString();
    this.#contests.removed(job.uid, objectId(object));
    const undo = [this.#caches.writes.deleting(job.uid, object, now)];
    if (isOf(PODS, object.apiVersion, object.kind)) undo.push(this.#caches.gonePods.asked(job.uid, uid));
    try {
      // Gone already, or another by now: the cache will say so.
      const how = { uid, propagationPolicy: 'Background', ...options } as const;
      await this.#client.delete(resource, name, namespace, how);
    } catch (error) {
      for (const takeBack of undo) takeBack();
      throw error;
    }
  }

  /**
   * Merges fields into the status of an own object that another controller writes, too, if it is still at the version.
   * @throws WsiError `StaleGeneration` when it is not; what is there now is then remembered for the next pass
   */
  async patchStatus(
    job: JobIdentity,
    resource: Resource,
    object: KubernetesObject,
    change: { readonly resourceVersion: string; readonly status: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    const { name = '', namespace, uid } = object.metadata;
    if (uid === undefined || ownership(object, job) !== 'own') return;
    const patch = { metadata: { uid, resourceVersion: change.resourceVersion }, status: change.status };
    const options = { subresource: 'status' };
    try {
      this.#remember(
        job,
        await this.#client.patch<KubernetesObject>(resource, name, namespace, patch, options),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isNotFound) return;
      if (!error.isConflict) throw error;
      const fresh = await this.#client.get<KubernetesObject>(resource, name, namespace);
      if (fresh !== undefined) this.#remember(job, fresh);
      throw staleWrite(error);
    }
  }

  /** What the API server refuses to create for the job at present. */
  refusals(uid: string): Refusal[] {
    return this.#refusals.list(uid).map(({ what, error }) => ({
      what,
      message: error.cause instanceof ApiError ? wordsOf(error.cause) : wordsOf(error),
    }));
  }

  forget(uid: string): void {
    this.#turns.delete(uid);
    this.#refusals.forget(uid);
    this.#contests.forget(uid);
  }

  /** Two that undo each other's writes must not do so as fast as the API server answers. */
  #takeTurn(job: JobIdentity, object: KubernetesObject): void {
    const id = objectId(object);
    const what = `change ${nameOf(object)}`;
    this.#refusals.check(job.uid, id);
    const turns = this.#turns.get(job.uid) ?? new Map<string, TokenBucket>();
    this.#turns.set(job.uid, turns);
    const bucket = turns.get(id) ?? new TokenBucket(this.#clock, REPAIRS.perSecond, REPAIRS.burst);
    turns.set(id, bucket);
    if (bucket.tryTake()) return;
    const error = new WsiError('Unavailable', 'somebody else changes or deletes it again and again', {
      where: `${object.kind} ${job.namespace}/${object.metadata.name ?? ''}`,
      remedy: 'The audit log of the API server, or kubectl get --show-managed-fields, shows who.',
      retryable: true,
    });
    this.#refusals.refused(job.uid, id, { what, error });
    throw error;
  }

  #unlessRefused(
    job: JobIdentity,
    verb: 'create' | 'change',
    object: KubernetesObject,
    write: () => Promise<KubernetesObject>,
  ): Promise<KubernetesObject> {
    return this.#refusals.attempt(job.uid, objectId(object), `${verb} ${nameOf(object)}`, write);
  }

  async #existing(job: JobIdentity, resource: Resource, object: KubernetesObject): Promise<Created> {
    const { name = '', namespace } = object.metadata;
    const found = await this.#client.get<KubernetesObject>(resource, name, namespace);
    const where = `${object.kind} ${namespace ?? ''}/${name}`;
    if (found === undefined) {
      throw new WsiError('Unavailable', 'was there and is gone again', { where, retryable: true });
    }
    const whose = ownership(found, job);
    if (whose === 'own') return { object: this.#remember(job, found), found: true };
    const taken = nameTaken(whose, where);
    if (whose === 'foreign') {
      const what = `create ${nameOf(object)}`;
      this.#refusals.refused(job.uid, objectId(object), { what, error: taken });
    }
    throw taken;
  }

  #remember(job: JobIdentity, answer: KubernetesObject): KubernetesObject {
    const pod = isOf(PODS, answer.apiVersion, answer.kind);
    this.#caches.writes.written(job.uid, pod ? trimPod(answer) : trimObject(answer));
    return answer;
  }
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name ?? ''}`;
}
