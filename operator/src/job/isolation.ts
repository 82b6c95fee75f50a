/** What the administrator does not allow, in words for the job's condition (pure). */
import {
  formatProblem,
  isolationProblems,
  type IsolationSettings,
  type Problem,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import type { ClusterSettings } from './settings.ts';

/** One after the other is mended; a template may have a fault in each of its containers. */
const MOST_PROBLEMS = 5;

interface Remembered {
  readonly isolation: IsolationSettings;
  /** JSON: what is observed again is another object. */
  readonly labels: string;
  readonly problems: readonly Problem[];
}

/** The rules take a millisecond a job, and a spec is the same object for as long as it is not changed. */
const known = new WeakMap<WsiTrainingJob['spec'], Remembered>();

/** Undefined when everything is allowed. */
export function isolationMessage(job: WsiTrainingJob, settings: ClusterSettings): string | undefined {
  const { isolation } = settings;
  if (isolation === undefined) return undefined;
  const problems = problemsOf(job, isolation, settings);
  if (problems.length === 0) return undefined;
  const shown = problems.slice(0, MOST_PROBLEMS).map(formatProblem);
  const more = problems.length - shown.length;
  return `not allowed here (isolation profile ${isolation.profile}): ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function problemsOf(
  job: WsiTrainingJob,
  isolation: IsolationSettings,
  { defaultGang, defaultQueue }: ClusterSettings,
): readonly Problem[] {
  const labels = JSON.stringify(job.metadata.labels ?? {});
  const before = known.get(job.spec);
  if (before !== undefined && before.isolation === isolation && before.labels === labels)
    return before.problems;
  const queue = defaultQueue === undefined ? {} : { queue: defaultQueue };
  const problems = isolationProblems(job, isolation, { gang: defaultGang, ...queue });
  known.set(job.spec, { isolation, labels, problems });
  return problems;
}
