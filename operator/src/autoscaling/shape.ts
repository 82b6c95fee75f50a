/** What two jobs must have in common for one to begin with the other's model. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import { shapeKey, type Shape } from '@wsi-operator/autoscaler';

/** @param device what the workers were measured on; without it, what their template asks for */
export function shapeOf({ spec }: WsiTrainingJob, device = deviceAsked(spec)): Shape {
  const { cohort, model, patches, training } = spec;
  return {
    // Training is on rows of features where the encoder does not learn.
    encoder: cohort.features === undefined && training.mode !== 'frozen' ? model.encoder.name : 'features',
    aggregator: model.aggregator.name,
    patchSize: patches.size,
    batch: patches.batch,
    device,
    threads: training.threads,
  };
}

export function shapeName(job: WsiTrainingJob, device?: string): string {
  return shapeKey(shapeOf(job, device)).slice(0, 512);
}

/** A device of the workers' template: an extended resource of a vendor that sells GPUs, or the engine for them. */
function deviceAsked(spec: WsiTrainingJob['spec']): string {
  const containers = spec.workers.template.spec?.containers ?? [];
  const asks = containers.some(({ resources, env = [] }) => {
    const names = Object.keys({ ...resources?.limits, ...resources?.requests });
    const engine = env.some(
      (one: Readonly<Record<string, unknown>>) => one['name'] === 'WSI_TENSORFLOW' && one['value'] === 'gpu',
    );
    return engine || names.some((name) => /^[\w.-]+\/.*(gpu|mig)/i.test(name));
  });
  return asks ? 'gpu' : 'cpu';
}
