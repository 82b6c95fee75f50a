/**
 * Kubernetes' objects as plain data, as they are on the wire: times are ISO texts. The client library declares classes,
 * whose instances nobody here needs. Types only: nothing of the library is loaded.
 */
import type * as client from '@kubernetes/client-node';

/** The same fields, all the way down, without the class and with every Date as the text that the wire has. */
type Plain<Type> = Type extends Date
  ? string
  : Type extends readonly (infer Element)[]
    ? Plain<Element>[]
    : Type extends object
      ? { [Field in keyof Type]: Plain<Type[Field]> }
      : Type;

export type CoreV1Event = Plain<client.CoreV1Event>;
export type V1Affinity = Plain<client.V1Affinity>;
export type V1ConfigMap = Plain<client.V1ConfigMap>;
export type V1Container = Plain<client.V1Container>;
export type V1ContainerState = Plain<client.V1ContainerState>;
export type V1ContainerStateTerminated = Plain<client.V1ContainerStateTerminated>;
export type V1ContainerStatus = Plain<client.V1ContainerStatus>;
export type V1EnvVar = Plain<client.V1EnvVar>;
export type V1NetworkPolicy = Plain<client.V1NetworkPolicy>;
export type V1ObjectMeta = Plain<client.V1ObjectMeta>;
export type V1OwnerReference = Plain<client.V1OwnerReference>;
export type V1PersistentVolumeClaim = Plain<client.V1PersistentVolumeClaim>;
export type V1Pod = Plain<client.V1Pod>;
export type V1PodDisruptionBudget = Plain<client.V1PodDisruptionBudget>;
export type V1PodSecurityContext = Plain<client.V1PodSecurityContext>;
export type V1PodSpec = Plain<client.V1PodSpec>;
export type V1PodTemplateSpec = Plain<client.V1PodTemplateSpec>;
export type V1Probe = Plain<client.V1Probe>;
export type V1SecurityContext = Plain<client.V1SecurityContext>;
export type V1Service = Plain<client.V1Service>;
export type V1Volume = Plain<client.V1Volume>;
export type V1VolumeMount = Plain<client.V1VolumeMount>;

export type { KubernetesObject } from '@wsi-operator/controller';
