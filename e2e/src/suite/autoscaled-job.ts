/** The job of the suites, sized by what is measured of it. */
import type { WsiTrainingJobManifest } from '@wsi-operator/api';
import { trainingJob } from './training-job.ts';

type Spec = WsiTrainingJobManifest['spec'];

export interface AutoscaledChoices {
  readonly name: string;
  readonly namespace: string;
  readonly epochs: number;
  readonly autoscaling?: Spec['autoscaling'];
  /** Of the workers' containers. */
  readonly resources?: object;
  readonly runPolicy?: Spec['runPolicy'];
}

/** Begins with one worker, wants a second one at the first sight of a gain, and is measured in short windows. */
export function autoscaledJob(choices: AutoscaledChoices): WsiTrainingJobManifest {
  const { name, namespace, epochs, autoscaling, resources, runPolicy } = choices;
  const own = { requests: { cpu: '50m', memory: '256Mi' } };
  const env = [{ name: 'WSI_WINDOW_MILLISECONDS', value: '1000' }];
  const template = (content: object): { template: object } => ({
    template: { spec: { containers: [{ name: 'trainer', resources: own, ...content }] } },
  });
  const eager = {
    objective: 'throughput',
    maximumWorkers: 2,
    stabilisationSeconds: 0,
    tolerance: 0,
  } as const;
  const spec = {
    coordinator: template({ env }),
    workers: { replicas: 1, ...template(resources === undefined ? {} : { resources }) },
    autoscaling: { ...eager, ...autoscaling },
    runPolicy: { backoffLimit: 10, ...runPolicy },
  };
  return trainingJob({ name, namespace, epochs, servers: 1, spec });
}
