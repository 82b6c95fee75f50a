/** Where the templates of a job say that its store is, and what of it is not allowed (pure). */
import { ENDPOINT_REFUSALS, endpointRefusal } from '@wsi-operator/foundation';
import { dataPaths } from './data-paths.ts';
import type { PodTemplate, WsiTrainingJob } from './definition/job.ts';
import type { Problem } from './schema/problem.ts';
import { TRAINER_CONTAINER } from './vocabulary.ts';

/** What the client of S3 reads where the job names no endpoint; the first that is there. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'];

/** Of a variable as Kubernetes has it; one that comes from elsewhere has no value here. */
interface Variable {
  readonly name: string;
  readonly value?: unknown;
}

export interface TemplateEndpoint {
  readonly endpoint: string;
  /** Whose template it is in. */
  readonly role: 'coordinator' | 'workers';
  readonly container: string;
}

export function readsStore({ spec }: Pick<WsiTrainingJob, 'spec'>): boolean {
  return dataPaths(spec).some(({ path }) => path.startsWith('s3://'));
}

/** Of the roles that read the cohort. */
export function templateEndpoints({ spec }: Pick<WsiTrainingJob, 'spec'>): TemplateEndpoint[] {
  return (['coordinator', 'workers'] as const).flatMap((role) => {
    const template: PodTemplate = spec[role].template;
    return (template.spec?.containers ?? []).flatMap(({ name, env = [] }) => {
      const variables: readonly Variable[] = env;
      const found = ENDPOINT_VARIABLES.map(
        (variable) => variables.find((one) => one.name === variable)?.value,
      ).find(Boolean);
      return typeof found === 'string' ? [{ endpoint: found, role, container: name }] : [];
    });
  });
}

/**
 * What is wrong with the endpoints of the store that the job uses. A rule of the definition sees the spelling of
 * `cohort.s3.endpoint` only: to read variables of templates would cost the API server too much.
 */
export function storeEndpointProblems(job: Pick<WsiTrainingJob, 'spec'>): Problem[] {
  if (!readsStore(job)) return [];
  const { s3 } = job.spec.cohort;
  const named =
    s3?.endpoint === undefined
      ? templateEndpoints(job)
          .filter(({ container }) => container === TRAINER_CONTAINER)
          .map(({ endpoint, role }) => ({ endpoint, path: `spec.${role}.template.spec.containers` }))
      : [{ endpoint: s3.endpoint, path: 'spec.cohort.s3.endpoint' }];
  return named.flatMap(({ endpoint, path }) => {
    const refusal = endpointRefusal(endpoint, s3 ?? {});
    if (refusal === undefined) return [];
    const { problem, remedy } = ENDPOINT_REFUSALS[refusal];
    return [{ path, problem: String(problem), remedy: String(remedy) }];
  });
}
