/**
 * From a stored object to a job that the plan can rely on. The CRD's schema and rules keep nearly everything wrong out,
 * but not what was stored under an older CRD or while its rules were off; that must not stop the loop for others.
 */
import {
  API_VERSION,
  formatProblem,
  KIND,
  managerOf,
  MULTIKUEUE_NAME,
  OPERATOR_NAME,
  queueLabelProblem,
  validate,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import type { Logger } from '@wsi-operator/foundation';
import { LARGE_SPECS, SMALL_SPEC } from './large-specs.ts';
import type { StoredJob } from './stored-job.ts';
import { LARGEST_SPEC } from './trim.ts';

export type ReadJob =
  | { readonly kind: 'job'; readonly job: WsiTrainingJob }
  /** The message names every wrong field; of the job, only metadata and status are to be trusted. */
  | { readonly kind: 'invalid'; readonly job: WsiTrainingJob; readonly message: string }
  /** Another controller's, by `managedBy`. */
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
    const manager = managerOfStored(stored);
    if (manager !== OPERATOR_NAME && manager !== MULTIKUEUE_NAME) return { kind: 'elsewhere' };
    const checked = this.#check(key, stored);
    const invalid = 'message' in checked;
    // Its status is not ours to write.
    if (invalid && manager === MULTIKUEUE_NAME) return { kind: 'elsewhere' };
    const job: WsiTrainingJob = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: stored.metadata,
      spec: invalid ? (stored.spec as WsiTrainingJob['spec']) : checked.spec,
      ...(isObject(stored.status) ? { status: stored.status } : {}),
    };
    if (invalid) return { kind: 'invalid', job, message: checked.message };
    // Labels change without a generation: this is checked each time.
    const queued = queueLabelProblem(job);
    return queued === undefined
      ? { kind: 'job', job }
      : { kind: 'invalid', job, message: formatProblem(queued) };
  }

  forget(key: string): void {
    this.#checked.delete(key);
  }

  #check(key: string, stored: StoredJob): Checked {
    // Not remembered: the same spec is kept when there is room for it.
    if (stored.oversized !== undefined) return { message: tooLarge(stored.oversized) };
    const { uid, generation } = stored.metadata;
    const known = this.#checked.get(key);
    if (known !== undefined && known.uid === uid && known.generation === generation) return known.checked;
    const checked = checkSpec(stored);
    if ('message' in checked) this.#logger.warn({ key, problems: checked.message }, 'invalid job left alone');
    this.#checked.set(key, { uid, generation, checked });
    return checked;
  }
}

function tooLarge(size: number): string {
  const has = `spec: has ${Math.ceil(size / 1024)} KiB as JSON`;
  if (size > LARGEST_SPEC) return `${has}, and the operator takes at most ${LARGEST_SPEC / 1024}`;
  const [most, small] = [LARGE_SPECS / 2 ** 20, SMALL_SPEC / 1024];
  return `${has}, and those of the namespace's jobs that have more than ${small} KiB may have ${most} MiB together: delete jobs that are over, or put what is long into ConfigMaps; this one is read again when there is room`;
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

function managerOfStored({ spec }: StoredJob): unknown {
  if (!isObject(spec)) return OPERATOR_NAME;
  const { managedBy, runPolicy } = spec;
  return managerOf({ managedBy, ...(isObject(runPolicy) ? { runPolicy } : {}) });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
