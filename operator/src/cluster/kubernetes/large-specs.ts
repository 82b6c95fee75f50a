/**
 * How much the specs of a namespace's jobs may take of the memory that all tenants share. As objects they take five times
 * their text, and whoever may make jobs may make many: some hundred of the largest would end the operator. Small ones are
 * always kept: their number is for a quota.
 */
import { isRecord } from '@wsi-operator/foundation';
import type { StoredJob } from './stored-job.ts';

type JobMetadata = Pick<StoredJob['metadata'], 'namespace' | 'uid'>;

/** Characters of JSON. Three templates have some thousands. */
export const SMALL_SPEC = 16 * 1024;
/** Of all specs of a namespace that are not small, together. */
export const LARGE_SPECS = 8 * 2 ** 20;

export interface SpecRoom {
  /** True when the spec, of so many characters, is to be kept. */
  take(job: JobMetadata, size: number): boolean;
}

/** For small ones only. */
export const NO_ROOM: SpecRoom = { take: (_of, size) => size <= SMALL_SPEC };

/** Whether an operator has reconciled the job before, by its status, which only operators write. */
export function isTakenUp({ status }: StoredJob): boolean {
  const { conditions } = isRecord(status) ? status : {};
  if (!Array.isArray(conditions)) return false;
  const running: unknown = conditions.find((one: unknown) => isRecord(one) && one['type'] === 'Running');
  return isRecord(running) && running['reason'] !== 'InvalidSpec';
}

export class LargeSpecs implements SpecRoom {
  /** By namespace, of those that are kept; by uid. */
  readonly #kept = new Map<string, Map<string, number>>();
  /** Namespaces in which room has become free since it was asked. */
  readonly #freed = new Set<string>();

  take({ namespace, uid }: JobMetadata, size: number): boolean {
    const before = this.#kept.get(namespace)?.get(uid) ?? 0;
    this.#drop({ namespace, uid });
    const kept = size > SMALL_SPEC && size <= this.room(namespace) ? size : 0;
    if (kept > 0)
      this.#kept.set(namespace, (this.#kept.get(namespace) ?? new Map<string, number>()).set(uid, kept));
    if (kept < before) this.#freed.add(namespace);
    return kept > 0 || size <= SMALL_SPEC;
  }

  release({ namespace, uid }: JobMetadata): void {
    if (this.#drop({ namespace, uid })) this.#freed.add(namespace);
  }

  /** Characters of JSON that there is room for beside what is kept of others than the job with this uid. */
  room(namespace: string, uid?: string): number {
    const kept = this.#kept.get(namespace)?.entries() ?? [];
    return [...kept].reduce((left, [other, size]) => (other === uid ? left : left - size), LARGE_SPECS);
  }

  /** Whether specs that had no room may have some now; once for each time that it may be so. */
  takeFreed(namespace: string): boolean {
    return this.#freed.delete(namespace);
  }

  #drop({ namespace, uid }: JobMetadata): boolean {
    const kept = this.#kept.get(namespace);
    const dropped = kept?.delete(uid) ?? false;
    if (kept?.size === 0) this.#kept.delete(namespace);
    return dropped;
  }
}
