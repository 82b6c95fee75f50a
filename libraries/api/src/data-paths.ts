/** The paths of a job that lead to data, which stand relative in a manifest. */
import type { WsiTrainingJob } from './definition/job.ts';

type Spec = WsiTrainingJob['spec'];

/** Who reads what is at a path. */
export type DataReader = 'coordinator' | 'workers';

export interface DataPath {
  /** Where it stands in the job. */
  readonly field: string;
  /** A path, or s3://BUCKET and what follows. */
  readonly path: string;
  readonly readers: readonly DataReader[];
}

const BOTH: readonly DataReader[] = ['coordinator', 'workers'];

/** Where the files are that the table names: slides, or files of features. */
export function slideDirectory({ slides, features }: Spec['cohort']): Omit<DataPath, 'readers'> {
  return features === undefined
    ? { field: 'spec.cohort.slides', path: slides }
    : { field: 'spec.cohort.features', path: features };
}

/** Every path to data of a job: table, slides or features, annotations, and what the model starts from. */
export function dataPaths({ cohort, patches, model, training }: Spec): DataPath[] {
  const directory = patches.tissue.annotations?.directory;
  const optional: readonly (readonly [string, string | undefined, readonly DataReader[]])[] = [
    ['spec.patches.tissue.annotations.directory', directory, BOTH],
    [
      'spec.model.encoder.weights',
      model.encoder.weights,
      // An encoder that does not learn is no part of the parameters, which the workers get from the servers.
      training.mode === 'frozen' ? BOTH : ['coordinator'],
    ],
    ['spec.model.initialFrom.checkpoint', model.initialFrom?.checkpoint, ['coordinator']],
  ];
  return [
    { field: 'spec.cohort.table', path: cohort.table, readers: BOTH },
    { ...slideDirectory(cohort), readers: BOTH },
    ...optional.flatMap(([field, path, readers]) => (path === undefined ? [] : [{ field, path, readers }])),
  ];
}

/** The specification with every path to data (see {@link dataPaths}) as `absolute` gives it. */
export function withDataPaths(spec: Spec, absolute: (path: string) => string): Spec {
  const { cohort, patches, model } = spec;
  const { annotations } = patches.tissue;
  const { encoder, initialFrom } = model;
  const table = absolute(cohort.table);
  return {
    ...spec,
    cohort:
      cohort.features === undefined
        ? { ...cohort, table, slides: absolute(cohort.slides) }
        : { ...cohort, table, features: absolute(cohort.features) },
    model: {
      ...model,
      encoder: encoder.weights === undefined ? encoder : { ...encoder, weights: absolute(encoder.weights) },
      ...(initialFrom === undefined
        ? {}
        : { initialFrom: { ...initialFrom, checkpoint: absolute(initialFrom.checkpoint) } }),
    },
    ...(annotations === undefined
      ? {}
      : {
          patches: {
            ...patches,
            tissue: {
              ...patches.tissue,
              annotations: { ...annotations, directory: absolute(annotations.directory) },
            },
          },
        }),
  };
}
