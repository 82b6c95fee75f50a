/** What a plan may do to the world. Every action is idempotent: done twice it has the effect of once. */
import type { V1ConfigMap, V1Pod, V1Service } from '../kubernetes-types.ts';

export type Action =
  /** Create the object or bring it to this content (server-side apply on a cluster). */
  | { readonly kind: 'applyConfigMap'; readonly object: V1ConfigMap }
  | { readonly kind: 'applyService'; readonly object: V1Service }
  /** Create the pod; one of that name that exists already is left as it is (the next look decides). */
  | { readonly kind: 'createPod'; readonly object: V1Pod }
  /**
   * Stop and remove the pod with this name and, when known, this uid (so that a successor of the same name is never
   * hit): SIGTERM, and SIGKILL after the pod's terminationGracePeriodSeconds.
   */
  | { readonly kind: 'deletePod'; readonly name: string; readonly uid?: string }
  /** Remove the job itself and all it owns (ttlSecondsAfterFinished). */
  | { readonly kind: 'deleteJob' };

export interface PlanEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, one of a bounded set: for machines. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The pod it is about, when it is about one. */
  readonly pod?: string;
}
