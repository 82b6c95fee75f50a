/**
 * Kubernetes' objects as plain data. The client library declares classes, whose instances nobody here needs: an
 * object literal of the same shape is what it sends. Types only: nothing of the library is loaded.
 */
import type * as client from '@kubernetes/client-node';

/** The same fields, all the way down, without the class. Dates stay dates. */
type Plain<Type> = Type extends Date
  ? Type
  : Type extends readonly (infer Element)[]
    ? Plain<Element>[]
    : Type extends object
      ? { [Field in keyof Type]: Plain<Type[Field]> }
      : Type;

export type V1ConfigMap = Plain<client.V1ConfigMap>;
export type V1Container = Plain<client.V1Container>;
export type V1ContainerStateTerminated = Plain<client.V1ContainerStateTerminated>;
export type V1EnvVar = Plain<client.V1EnvVar>;
export type V1ObjectMeta = Plain<client.V1ObjectMeta>;
export type V1OwnerReference = Plain<client.V1OwnerReference>;
export type V1Pod = Plain<client.V1Pod>;
export type V1PodTemplateSpec = Plain<client.V1PodTemplateSpec>;
export type V1Service = Plain<client.V1Service>;
export type V1Volume = Plain<client.V1Volume>;
