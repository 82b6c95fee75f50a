/** The paths of a job that lead to data, which stand relative in a manifest. */
import type { WsiTrainingJob } from './definition/job.ts';

type Spec = WsiTrainingJob['spec'];

/** The specification with every path to data (table, slides, annotations) as `absolute` gives it. */
export function withDataPaths(spec: Spec, absolute: (path: string) => string): Spec {
  const { cohort, patches } = spec;
  const { annotations } = patches.tissue;
  const paths = { table: absolute(cohort.table), slides: absolute(cohort.slides) };
  return {
    ...spec,
    cohort: { ...cohort, ...paths },
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
