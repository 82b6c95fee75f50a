/**
 * A ConfigMap with digests in place of its texts: to tell whether it is as it should be, nothing else need be held. A text
 * may have a mebibyte, and whoever may label a ConfigMap decides how many of them the operator sees.
 */
import { sha256 } from '@wsi-operator/foundation';
import type { KubernetesObject } from '../kubernetes-types.ts';
import { JOB_FILE } from '../objects/job-file.ts';

/** Other objects are left as they are, and so is what is digested already. */
export function digested(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'ConfigMap' || 'digests' in object) return object;
  const { data, binaryData: _others, ...rest } = object as KubernetesObject & Content;
  const text = data?.[JOB_FILE];
  const digests = typeof text === 'string' ? { [JOB_FILE]: sha256(text) } : {};
  return { ...rest, digests };
}

interface Content {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly binaryData?: unknown;
}
