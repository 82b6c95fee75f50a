/** What a job asks for and the administrator's settings do not allow (pure). */
import type { JobMetadata, WsiTrainingJobSpec } from '../definition/job.ts';
import { celCompiler, wireValue } from '../schema/cel.ts';
import type { Problem } from '../schema/problem.ts';
import { conditionOf, type IsolationRule } from './rule.ts';
import { ISOLATION_RULES } from './rules.ts';
import { ISOLATION_LISTS, type IsolationSettings } from './settings.ts';
import { SUBJECTS, type SubjectName } from './subjects.ts';

/** What jobs have that do not say. */
export interface IsolationDefaults {
  readonly gang: string;
  readonly queue?: string;
}

interface IsolatedJob {
  readonly metadata: Pick<JobMetadata, 'namespace' | 'labels'>;
  readonly spec: Pick<WsiTrainingJobSpec, 'coordinator' | 'parameterServers' | 'workers' | 'runPolicy'>;
}

interface Subject {
  readonly at: string;
  readonly self: unknown;
}

const compile = celCompiler('object', 'variables', 'one');

/** Never throws: what cannot be evaluated is refused, as the API server does. */
export function isolationProblems(
  job: IsolatedJob,
  settings: IsolationSettings,
  defaults: IsolationDefaults,
): readonly Problem[] {
  try {
    const object = wireValue(partsOf(job));
    const variables = wireValue(isolationVariables(settings, defaults, job.metadata.namespace ?? 'default'));
    const subjects = new Map<SubjectName, readonly Subject[]>();
    for (const name of Object.keys(SUBJECTS) as SubjectName[]) {
      subjects.set(name, compile(SUBJECTS[name])({ object, variables }) as readonly Subject[]);
    }
    return ISOLATION_RULES.flatMap((rule) =>
      (subjects.get(rule.subject) ?? []).flatMap((one) => problemOf(rule, one, variables)),
    );
  } catch (thrown) {
    // Whatever a hostile template can make of the check, such as more levels than there is stack for.
    return [{ path: 'spec', problem: `cannot be checked for isolation: ${wordsOf(thrown)}` }];
  }
}

/** The variables of the rules, by name. */
export function isolationVariables(
  settings: IsolationSettings,
  { gang, queue = '' }: IsolationDefaults,
  jobNamespace: string,
): Readonly<Record<string, string | readonly string[]>> {
  return {
    profile: settings.profile,
    ...Object.fromEntries(ISOLATION_LISTS.map((name) => [name, settings[name]])),
    defaultGang: gang,
    defaultQueue: queue,
    jobNamespace,
  };
}

/** What rules read; the rest of a job may be large. */
function partsOf({ metadata, spec }: IsolatedJob): object {
  const { coordinator, parameterServers, workers, runPolicy } = spec;
  const { labels } = metadata;
  return {
    metadata: labels === undefined ? {} : { labels },
    spec: { coordinator, parameterServers, workers, runPolicy },
  };
}

function problemOf(rule: IsolationRule, one: Subject, variables: unknown): Problem[] {
  const { problem, remedy } = rule;
  const path = [one.at, rule.field].filter((part) => part !== '').join('.');
  try {
    return compile(conditionOf(rule))({ one, variables }) === true ? [] : [{ path, problem, remedy }];
  } catch (thrown) {
    return [{ path, problem: `${problem} (this cannot be evaluated: ${wordsOf(thrown)})`, remedy }];
  }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
}
