import type { KubernetesObject } from '@wsi-operator/controller';

/** A job as the API has it: not validated. */
export interface StoredJob extends KubernetesObject {
  metadata: KubernetesObject['metadata'] & { name: string; namespace: string; uid: string };
  spec?: unknown;
  status?: unknown;
  /** The size of a spec that is not kept; see trimJob. */
  oversized?: number;
}
