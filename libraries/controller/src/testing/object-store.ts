/** The fake API server's objects and their history: what etcd and the registries behind the real one do. */
/* eslint-disable max-lines -- create, update, apply and delete share the rules for versions and finalizers */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@wsi-operator/foundation';
import { keyOf, objectKey, type KubernetesObject, type ObjectMeta, type StatusCause } from '../objects.ts';
import { conflictsOf, fieldsOf, mergeApplied, without, type Fields } from './apply-merge.ts';
import { isCustom, type FakeResource } from './fake-resources.ts';

/** A refusal, answered as a `Status`. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];

  constructor(code: number, reason: string, message: string, causes: readonly StatusCause[] = []) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.causes = causes;
  }
}

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: FakeResource;
  readonly object: KubernetesObject;
  readonly old: KubernetesObject | undefined;
}

export interface Applying {
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string | undefined;
}

/** All that a restore brings back. */
export interface Backup {
  readonly version: number;
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, KubernetesObject>>;
}

const historyLength = 50_000;

export class ObjectStore {
  readonly #clock: Clock;
  readonly #onChange: (change: Change) => void;
  #objects = new Map<string, Map<string, KubernetesObject>>();
  /** uid -> manager and subresource -> what it applied last. */
  #applied = new Map<string, Map<string, Fields>>();
  #version = 1000;
  #history: Change[] = [];
  /** Changes up to this version are forgotten. */
  #forgotten = 1000;

  constructor(clock: Clock, onChange: (change: Change) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get version(): number {
    return this.#version;
  }

  of(resource: FakeResource): Map<string, KubernetesObject> {
    const key = `${resource.group}/${resource.plural}`;
    let found = this.#objects.get(key);
    if (found === undefined) this.#objects.set(key, (found = new Map<string, KubernetesObject>()));
    return found;
  }

  /** @throws Refusal 404. */
  get(resource: FakeResource, name: string, namespace: string | undefined): KubernetesObject {
    const found = this.of(resource).get(objectKey(name, namespace));
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  create(resource: FakeResource, object: KubernetesObject): KubernetesObject {
    const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${randomSuffix()}`;
    if (object.metadata.name === undefined && object.metadata.generateName === undefined)
      throw new Refusal(422, 'Invalid', `${resource.kind} "" is invalid: metadata.name: Required value`);
    if (object.metadata.resourceVersion !== undefined && object.metadata.resourceVersion !== '')
      throw new Refusal(400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
    const all = this.of(resource);
    if (all.has(objectKey(name, object.metadata.namespace)))
      throw new Refusal(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`);
    const { status: _status, ...unstated } = object;
    const { deletionTimestamp: _deleted, ...metadata } = object.metadata;
    const made = {
      ...(resource.status === true ? unstated : object),
      ...(resource.plural === 'pods' ? { status: { phase: 'Pending' } } : {}),
      metadata: {
        ...metadata,
        name,
        uid: randomUUID(),
        creationTimestamp: this.#time(),
        generation: 1,
      },
    } as KubernetesObject;
    return this.#store(resource, 'ADDED', made, undefined);
  }

  /** Replaces the object, or its status only. */
  update(
    resource: FakeResource,
    object: KubernetesObject,
    subresource: string | undefined,
  ): KubernetesObject {
    const { name = '', namespace } = object.metadata;
    const old = this.get(resource, name, namespace);
    checkPreconditions(resource, old, object.metadata);
    const next = resource.status === true ? withSubresource(old, object, subresource) : { ...object };
    next.metadata = keptMetadata(old.metadata, next.metadata);
    next.apiVersion = old.apiVersion;
    next.kind = old.kind;
    if (!isDeepStrictEqual(contentOf(old), contentOf(next)))
      next.metadata.generation = (old.metadata.generation ?? 1) + 1;
    if (isDeepStrictEqual(plain(old), plain(next))) return old;
    if (old.metadata.deletionTimestamp !== undefined && !isHeld(next)) return this.#remove(resource, next);
    return this.#store(resource, 'MODIFIED', next, old);
  }

  apply(resource: FakeResource, configuration: KubernetesObject, applying: Applying): KubernetesObject {
    const { manager, force, subresource } = applying;
    const { name = '', namespace, ...named } = configuration.metadata;
    const live = this.of(resource).get(objectKey(name, namespace));
    if (live === undefined && subresource !== undefined) throw notFound(resource, name);
    const custom = isCustom(resource);
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = configuration;
    const mine = fieldsOf({ ...rest, metadata: named }, custom);
    const managers = this.#applied.get(live?.metadata.uid ?? '') ?? new Map<string, Fields>();
    const id = `${manager} ${subresource ?? ''}`;
    let next: unknown = live ?? configuration;
    for (const path of claim(managers, id, mine, force)) {
      next = without(next, JSON.parse(path) as string[], custom);
    }
    const merged = mergeApplied(next, configuration, '', custom) as KubernetesObject;
    const result =
      live === undefined ? this.create(resource, merged) : this.update(resource, merged, subresource);
    managers.set(id, mine);
    this.#applied.set(result.metadata.uid ?? '', managers);
    return result;
  }

  /**
   * @param graceful - Zero deletes a pod at once; else one that is on a node waits for its kubelet (a delete with zero).
   * @returns Whether it is gone.
   */
  delete(
    resource: FakeResource,
    name: string,
    namespace: string | undefined,
    options: { readonly uid?: string; readonly resourceVersion?: string; readonly graceful?: number } = {},
  ): boolean {
    const old = this.get(resource, name, namespace);
    const { uid, resourceVersion } = old.metadata;
    const expected = options.uid ?? uid;
    if (expected !== uid || (options.resourceVersion ?? resourceVersion) !== resourceVersion)
      throw conflict(resource, name, `Precondition failed: UID in precondition: ${expected ?? ''}`);
    const seconds = resource.plural === 'pods' ? graceOf(old, options.graceful) : 0;
    if ((old.metadata.finalizers ?? []).length === 0 && seconds === 0) {
      this.#remove(resource, old);
      return true;
    }
    const again = old.metadata.deletionTimestamp !== undefined;
    if (again && seconds >= (old.metadata.deletionGracePeriodSeconds ?? 0)) return false;
    const metadata = {
      ...old.metadata,
      deletionTimestamp: new Date(this.#clock.now() + seconds * 1000).toISOString().replace(/\.\d+/, ''),
      deletionGracePeriodSeconds: seconds,
    };
    this.#store(resource, 'MODIFIED', { ...old, metadata }, old);
    return false;
  }

  /** Changes after this version, oldest first; undefined when they are no longer known. */
  since(version: number): readonly Change[] | undefined {
    if (version < this.#forgotten) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  /** Forgets the history, as etcd's compaction does: watches from older versions and continue tokens end with 410. */
  compact(): void {
    this.#history = [];
    this.#forgotten = this.#version;
  }

  backup(): Backup {
    const objects = new Map([...this.#objects].map(([key, all]) => [key, new Map(all)]));
    return { version: this.#version, objects };
  }

  /**
   * Puts the objects back, as a restored etcd does.
   * @param bump - Versions go on above all that were given out (etcd's `--bump-revision --mark-compacted`); else they
   * are given out a second time for other states, which no client can notice once they have caught up.
   */
  restore(backup: Backup, bump: boolean): void {
    this.#objects = new Map([...backup.objects].map(([key, all]) => [key, new Map(all)]));
    this.#version = bump ? this.#version + 1000 : backup.version;
    this.compact();
  }

  #store(
    resource: FakeResource,
    type: Change['type'],
    object: KubernetesObject,
    old: KubernetesObject | undefined,
  ): KubernetesObject {
    this.#version += 1;
    object.metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    if (type === 'DELETED') this.of(resource).delete(keyOf(object));
    else this.of(resource).set(keyOf(object), object);
    const change = { version: this.#version, type, resource, object, old };
    this.#history.push(change);
    if (this.#history.length > historyLength) {
      this.#history = this.#history.slice(historyLength / 2);
      this.#forgotten = (this.#history[0]?.version ?? 1) - 1;
    }
    this.#onChange(change);
    return object;
  }

  #remove(resource: FakeResource, object: KubernetesObject): KubernetesObject {
    const gone = this.#store(resource, 'DELETED', { ...object }, object);
    this.#applied.delete(object.metadata.uid ?? '');
    this.#collectGarbage(object.metadata.uid ?? '');
    return gone;
  }

  /** What the garbage collector does a moment later: dependents whose last owner is gone go too. */
  #collectGarbage(uid: string): void {
    for (const [id, all] of [...this.#objects]) {
      for (const object of [...all.values()]) {
        const owners = object.metadata.ownerReferences;
        if (owners?.length !== 1 || owners[0]?.uid !== uid) continue;
        const [group = '', plural = ''] = id.split('/');
        const { kind, metadata } = object;
        const version = object.apiVersion.split('/').at(-1) ?? '';
        const resource = { group, plural, kind, version, namespaced: metadata.namespace !== undefined };
        this.delete(resource, metadata.name ?? '', metadata.namespace);
      }
    }
  }

  #time(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+/, '');
  }
}

/**
 * Takes the fields from other managers.
 * @returns Those that this manager applied before, and that nobody applies now.
 * @throws Refusal 409 when others have other values and it is not forced.
 */
function claim(managers: ReadonlyMap<string, Fields>, id: string, mine: Fields, force: boolean): string[] {
  const others = [...managers].filter(([other]) => other !== id);
  for (const [other, fields] of others) {
    const conflicts = conflictsOf(mine, fields);
    if (conflicts.length > 0 && !force) throw applyConflict(other, conflicts);
    for (const path of conflicts) fields.delete(path);
  }
  const wanted = [mine, ...others.map(([, fields]) => fields)];
  return [...(managers.get(id)?.keys() ?? [])].filter((path) => !wanted.some((fields) => fields.has(path)));
}

/** Optimistic locking. @throws Refusal 409, 422 */
function checkPreconditions(resource: FakeResource, old: KubernetesObject, given: ObjectMeta): void {
  const { name = '', uid, resourceVersion = '' } = given;
  if (uid !== undefined && uid !== old.metadata.uid)
    throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}`);
  if (resourceVersion === '' && (isCustom(resource) || resource.plural === 'leases'))
    throw new Refusal(
      422,
      'Invalid',
      `${resource.plural} "${name}" is invalid: metadata.resourceVersion: must be specified for an update`,
    );
  if (resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(
      resource,
      name,
      'the object has been modified; please apply your changes to the latest version',
    );
  }
}

function notFound(resource: FakeResource, name: string): Refusal {
  return new Refusal(404, 'NotFound', `${resource.plural} "${name}" not found`);
}

function conflict(resource: FakeResource, name: string, why: string): Refusal {
  return new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resource.plural} "${name}": ${why}`,
  );
}

function applyConflict(other: string, paths: readonly string[]): Refusal {
  const causes = paths.map((path) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${other.trim()}"`,
    field: `.${(JSON.parse(path) as string[]).join('.')}`,
  }));
  const message = `Apply failed with ${causes.length} conflict(s) with "${other.trim()}"`;
  return new Refusal(409, 'Conflict', message, causes);
}

/** Seconds that the kubelet gets; a pod that is on no node has none. */
function graceOf(pod: KubernetesObject, asked: number | undefined): number {
  const spec = (pod['spec'] ?? {}) as { nodeName?: string; terminationGracePeriodSeconds?: number };
  return spec.nodeName === undefined ? 0 : (asked ?? spec.terminationGracePeriodSeconds ?? 30);
}

/** What generation counts: all but metadata and status. */
function contentOf(object: KubernetesObject): unknown {
  const { metadata: _metadata, status: _status, ...content } = object;
  return plain(content);
}

/** As it comes back from the wire: without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function withSubresource(
  old: KubernetesObject,
  object: KubernetesObject,
  subresource: string | undefined,
): KubernetesObject {
  if (subresource === 'status') return { ...old, status: object['status'] };
  const { status: _status, ...rest } = object;
  return 'status' in old ? { ...rest, status: old['status'] } : { ...rest };
}

/** Fields of the metadata that only the server writes. */
function keptMetadata(old: ObjectMeta, next: ObjectMeta): ObjectMeta {
  const own = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;
  const rest: Record<string, unknown> = { ...next };
  for (const name of [...own, 'generation', 'resourceVersion'] as const) {
    if (old[name] === undefined) Reflect.deleteProperty(rest, name);
    else rest[name] = old[name];
  }
  return rest;
}

/** Whether something keeps an object that is being deleted: a finalizer, or a pod's kubelet. */
function isHeld(object: KubernetesObject): boolean {
  const { finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata;
  return finalizers.length > 0 || deletionGracePeriodSeconds > 0;
}

const letters = 'bcdfghjklmnpqrstvwxz2456789';

function randomSuffix(): string {
  return Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
}
