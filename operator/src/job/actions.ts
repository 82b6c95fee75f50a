/** What a plan may do to a cluster, and tell of it. Every action is idempotent: done twice it has the effect of once. */
import type { Role } from '@wsi-operator/api';
import type { KubernetesObject, V1OwnerReference, V1Pod } from '../kubernetes-types.ts';

export type Action =
  /** Create the object or bring it to this content (server-side apply on a cluster). */
  | { readonly kind: 'apply'; readonly object: KubernetesObject }
  /** Remove an object of the job's namespace; one that is gone already is no failure. */
  | {
      readonly kind: 'delete';
      readonly apiVersion: string;
      readonly objectKind: string;
      readonly name: string;
    }
  /**
   * Merge these fields into the status of an object that another controller manages, too (null removes a field, a
   * list is replaced), if the object is still as it was observed: another resourceVersion is a conflict, after which the
   * plan is made again from a fresh observation. An object that is gone is no failure.
   */
  | {
      readonly kind: 'patchStatus';
      readonly apiVersion: string;
      readonly objectKind: string;
      readonly name: string;
      readonly resourceVersion: string;
      readonly status: Readonly<Record<string, unknown>>;
    }
  /** Take over an object that another has made for the job and that nobody owns; one that is not there yet is no failure. */
  | {
      readonly kind: 'adopt';
      readonly apiVersion: string;
      readonly objectKind: string;
      readonly name: string;
      readonly owner: V1OwnerReference;
    }
  /** Make keys and certificates and the Secret that holds them: random, so not the plan's own. Replaces an old one. */
  | { readonly kind: 'issueCertificates'; readonly request: CertificateRequest }
  /** Create the pod; one of that name that exists already is left as it is (the next pass decides). */
  | { readonly kind: 'createPod'; readonly object: V1Pod }
  /**
   * Stop and remove the pod with this name and, when known, this uid (so that a successor of the same name is never
   * hit): SIGTERM, and SIGKILL after the pod's terminationGracePeriodSeconds. With `force` it is removed at once:
   * for a pod whose node is gone, where nobody is left to stop it.
   */
  | { readonly kind: 'deletePod'; readonly name: string; readonly uid?: string; readonly force?: true }
  /** Remove the job itself and all it owns (ttlSecondsAfterFinished). */
  | { readonly kind: 'deleteJob' };

export type CertificateRole = Role | 'operator';

/**
 * One CA for the job, whose key is thrown away, and a leaf for each role (common name: the role; for both uses).
 * The Secret has the keys `ca.crt` and, for each role, `ROLE.crt` and `ROLE.key`, all PEM.
 */
export interface CertificateRequest {
  readonly secretName: string;
  /** Of the Secret: name, namespace, labels, owner reference. */
  readonly metadata: KubernetesObject['metadata'];
  /** Empty names: the role only calls others. */
  readonly roles: Readonly<Record<CertificateRole, { readonly dnsNames: readonly string[] }>>;
  readonly validDays: number;
}

export interface PlanEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, one of a bounded set: for machines. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The pod it is about, when it is about one. */
  readonly pod?: string;
}

/** An action, or another write, that the API server has not taken. */
export interface Refusal {
  /** What could not be done, such as `create pod lung-worker-0`. */
  readonly what: string;
  /** In the words of the API server. */
  readonly message: string;
}
