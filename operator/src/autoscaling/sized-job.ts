/**
 * The job at the size that the autoscaler gave it: the rest of the plan (gangs, places, pods, status) reads sizes and
 * memory of the spec and need not know where they come from.
 */
import {
  parseQuantity,
  type AutoscalingStatus,
  type PodTemplate,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import { TRAINER_CONTAINER, type Role } from '../job/names.ts';

/** What the template of a role says of the trainer's memory; numbers are bytes. */
export interface TemplateMemory {
  readonly requestBytes?: number;
  readonly limitBytes?: number;
}

type Raised = NonNullable<AutoscalingStatus['memory']>['workers'];
type Container = NonNullable<NonNullable<PodTemplate['spec']>['containers']>[number];

export const MEMORY_FIELDS = {
  coordinator: 'coordinator',
  server: 'parameterServers',
  worker: 'workers',
} as const satisfies Record<Role, keyof NonNullable<AutoscalingStatus['memory']>>;

const MIB = 2 ** 20;

export function sizedJob(job: WsiTrainingJob, autoscaling: AutoscalingStatus | undefined): WsiTrainingJob {
  if (job.spec.autoscaling === undefined || autoscaling === undefined) return job;
  const { coordinator, parameterServers, workers, autoscaling: chosen } = job.spec;
  const { memory = {} } = autoscaling;
  const servers = chosen.maximumServers === undefined ? undefined : autoscaling.servers;
  const raise = (template: PodTemplate, role: Role): PodTemplate =>
    withMemory(template, memory[MEMORY_FIELDS[role]]);
  return {
    ...job,
    spec: {
      ...job.spec,
      coordinator: { ...coordinator, template: raise(coordinator.template, 'coordinator') },
      parameterServers: {
        replicas: servers ?? parameterServers.replicas,
        template: raise(parameterServers.template, 'server'),
      },
      workers: {
        replicas: autoscaling.workers ?? workers.replicas,
        template: raise(workers.template, 'worker'),
      },
    },
  };
}

/** Undefined when it says nothing: then nothing is set aside, and nothing is raised. */
export function templateMemory(job: WsiTrainingJob, role: Role): TemplateMemory | undefined {
  const { containers = [] } = job.spec[MEMORY_FIELDS[role]].template.spec ?? {};
  return memoryOf(trainerOf(containers));
}

/** Of a container of a template or of a pod. */
export function memoryOf(container: Pick<Container, 'resources'> | undefined): TemplateMemory | undefined {
  const limit = bytes(container?.resources?.limits?.['memory']);
  // As Kubernetes does: what has a limit and no request asks for its limit.
  const request = bytes(container?.resources?.requests?.['memory']) ?? limit;
  if (request === undefined) return undefined;
  return { requestBytes: request, ...(limit === undefined ? {} : { limitBytes: limit }) };
}

/** Never lowered: an edit of the template may ask for more. */
function withMemory(template: PodTemplate, raised: Raised): PodTemplate {
  const { containers = [] } = template.spec ?? {};
  const trainer = trainerOf(containers);
  const own = memoryOf(trainer);
  if (raised === undefined || trainer === undefined || own === undefined) return template;
  const requests = { ...trainer.resources?.requests, memory: more(own.requestBytes, raised.requestBytes) };
  const limits =
    own.limitBytes === undefined
      ? trainer.resources?.limits
      : { ...trainer.resources?.limits, memory: more(own.limitBytes, raised.limitBytes) };
  const resources = { ...trainer.resources, requests, ...(limits === undefined ? {} : { limits }) };
  const changed = containers.map((one) => (one === trainer ? { ...trainer, resources } : one));
  return { ...template, spec: { ...template.spec, containers: changed } };
}

function trainerOf<C extends { readonly name: string }>(containers: readonly C[]): C | undefined {
  return containers.find(({ name }) => name === TRAINER_CONTAINER) ?? containers[0];
}

function more(own = 0, raised = 0): string | number {
  const largest = Math.max(own, raised);
  return largest % MIB === 0 ? `${largest / MIB}Mi` : Math.ceil(largest);
}

function bytes(quantity: string | number | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  try {
    return parseQuantity(quantity);
  } catch {
    // Of a pod, in a form that no manifest of ours may have.
    return undefined;
  }
}
