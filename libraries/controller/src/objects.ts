/**
 * Kubernetes objects as they are on the wire: plain JSON, times as ISO 8601 strings. Nothing is turned into classes,
 * because thousands of pods go through here.
 */
import { WsiError } from '@wsi-operator/foundation';

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** What an informer needs of an object: also satisfied by types that declare everything optional. */
export interface WithMetadata {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** A kind of object as the API server serves it. */
export interface Resource {
  /** `''` is the core group. */
  readonly group: string;
  readonly version: string;
  /** As in the URL: `pods`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Points at an object, e.g. the one that an event is about. */
export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

/** The `details.causes` of a refusal: which field is wrong, and why. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What the API server answers when it refuses (`kind: Status`). */
export interface Status {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `namespace/name`, or the bare name of an object outside namespaces: the key of caches and work queues. */
export function keyOf(object: WithMetadata): string {
  const { name = '', namespace } = object.metadata ?? {};
  return objectKey(name, namespace);
}

export function objectKey(name: string, namespace?: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/**
 * The path of a collection (no name) or of one object, below the server's URL.
 * @throws WsiError InvalidArgument when one object in a namespace is asked for without its namespace.
 */
export function resourcePath(
  resource: Resource,
  place: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {},
): string {
  const { namespace, name, subresource } = place;
  if (name === '')
    throw new WsiError('InvalidArgument', `an object of ${resource.plural} was asked for without its name`);
  if (resource.namespaced && name !== undefined && (namespace === undefined || namespace === '')) {
    throw new WsiError('InvalidArgument', `${resource.plural} "${name}" was asked for without its namespace`);
  }
  const parts = [
    resource.group === '' ? '/api' : `/apis/${resource.group}`,
    resource.version,
    ...(resource.namespaced && namespace !== undefined && namespace !== ''
      ? ['namespaces', encodeURIComponent(namespace)]
      : []),
    resource.plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return parts.join('/');
}
