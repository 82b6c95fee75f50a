/**
 * From a stored object to a job that the plan can rely on. The CRD's schema and rules keep nearly everything wrong out,
 * but not what was stored under an older CRD or while its rules were off; that must not stop the loop for others.
 */
import { API_VERSION, formatProblem, KIND, OPERATOR_NAME, validate, type WsiTrainingJob } from '@wsi/api';
import type { Logger } from '@wsi/foundation';
import type { StoredJob } from './object-caches.ts';

export type ReadJob =
  | { readonly kind: 'job'; readonly job: WsiTrainingJob }
  /** The message names every wrong field; of the job, only metadata and status are to be trusted. */
  | { readonly kind: 'invalid'; readonly job: WsiTrainingJob; readonly message: string }
  /** Another controller's, by `runPolicy.managedBy`. */
  | { readonly kind: 'elsewhere' };

type Checked = { readonly spec: WsiTrainingJob['spec'] } | { readonly message: string };

interface Remembered {
  readonly uid: string;
  readonly generation: number | undefined;
  readonly checked: Checked;
}

export class JobReader {
  readonly #logger: Logger;
  /** A spec changes with the generation only: it is checked once for each. */
  readonly #checked = new Map<string, Remembered>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  read(key: string, stored: StoredJob): ReadJob {
    if (!isManagedHere(stored)) return { kind: 'elsewhere' };
    const checked = this.#check(key, stored);
    const invalid = 'message' in checked;
    const job: WsiTrainingJob = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: stored.metadata,
      spec: invalid ? (stored.spec as WsiTrainingJob['spec']) : checked.spec,
      ...(isObject(stored.status) ? { status: stored.status } : {}),
    };
    return invalid ? { kind: 'invalid', job, message: checked.message } : { kind: 'job', job };
  }

  forget(key: string): void {
    this.#checked.delete(key);
  }

  #check(key: string, stored: StoredJob): Checked {
    const { uid, generation } = stored.metadata;
    const known = this.#checked.get(key);
    if (known !== undefined && known.uid === uid && known.generation === generation) return known.checked;
    const checked = checkSpec(stored);
    if ('message' in checked) this.#logger.warn({ key, problems: checked.message }, 'invalid job left alone');
    this.#checked.set(key, { uid, generation, checked });
    return checked;
  }
}

function checkSpec(stored: StoredJob): Checked {
  // The server has its own metadata fields; of them only the name is ours to judge.
  const { name, namespace } = stored.metadata;
  const manifest = {
    apiVersion: stored.apiVersion,
    kind: stored.kind,
    metadata: { name, namespace },
    spec: stored.spec,
  };
  try {
    const { job, problems } = validate(manifest);
    if (job === undefined) return { message: problems.map(formatProblem).join('; ') };
    return { spec: job.spec };
  } catch (error) {
    // Whatever a hostile object can make of the check, the loop goes on with the other jobs.
    return { message: `spec: cannot be checked: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function isManagedHere({ spec }: StoredJob): boolean {
  if (!isObject(spec) || !isObject(spec['runPolicy'])) return true;
  return (spec['runPolicy']['managedBy'] ?? OPERATOR_NAME) === OPERATOR_NAME;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
