/**
 * What a job is on this machine: the same manifest without what only a cluster has. What is left out is said, and where
 * the answer is elsewhere, what to give instead. None of it has to do with the numbers that are computed.
 */
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { dataPaths, type WsiTrainingJob } from '@wsi-operator/api';

export interface LocalJob {
  readonly job: WsiTrainingJob;
  /** One line for each field that has no effect here. */
  readonly notices: readonly string[];
}

export function localJob(job: WsiTrainingJob): LocalJob {
  const { spec } = job;
  // What Kubernetes does after the end, or instead of this operator, has no place here.
  const {
    gang: _gang,
    queue: _queue,
    managedBy: _managedBy,
    ttlSecondsAfterFinished: _nothingExpiresHere,
    ...runPolicy
  } = spec.runPolicy;
  const { managedBy: _manager, ...chosen } = spec;
  const { s3, ...cohort } = spec.cohort;
  const { secretName: _secret, ...store } = s3 ?? { forcePathStyle: false };
  const { autoscaling } = spec;
  return {
    job: {
      ...job,
      spec: {
        ...chosen,
        cohort: s3 === undefined ? cohort : { ...cohort, s3: store },
        storage: {},
        ...(autoscaling === undefined ? {} : { autoscaling: localAutoscaling(autoscaling) }),
        runPolicy: { ...runPolicy, cleanPodPolicy: 'All' },
      },
    },
    notices: noticesOf(job),
  };
}

type Autoscaling = NonNullable<WsiTrainingJob['spec']['autoscaling']>;

/**
 * Workers share the processors of one machine: more than those bring nothing, unless the job says that they may. To start
 * a slow one again puts it where it was, and requests of memory have no meaning.
 */
function localAutoscaling(autoscaling: Autoscaling): Autoscaling {
  const { minimumWorkers, maximumWorkers = availableParallelism(), memory, stragglers } = autoscaling;
  return {
    ...autoscaling,
    maximumWorkers: Math.max(minimumWorkers, maximumWorkers),
    memory: { ...memory, raise: false },
    stragglers: { ...stragglers, replace: false },
  };
}

function noticesOf({ spec }: WsiTrainingJob): string[] {
  const { storage, runPolicy, cohort } = spec;
  const { data, output } = storage;
  const notices: string[] = [];
  if (data !== undefined) {
    const below = dataPaths(spec).some(({ path }) => isBelow(path, data.mountPath));
    const instead = below ? `: ${data.mountPath} is read as it is here, or ${SETTING}` : '';
    notices.push(`storage.data (claim ${data.claimName}) is for a cluster and has no effect here${instead}`);
  }
  if (output !== undefined) {
    notices.push('storage.output is for a cluster and has no effect here: --output names the directory');
  }
  if (runPolicy.gang !== undefined && runPolicy.gang !== 'none') {
    notices.push(`runPolicy.gang ${runPolicy.gang} is for a cluster and has no effect here`);
  }
  if (spec.autoscaling !== undefined && spec.autoscaling.maximumWorkers === undefined) {
    notices.push(
      `autoscaling.maximumWorkers is ${availableParallelism()} here, as many as there are processors`,
    );
  }
  if (cohort.s3?.secretName !== undefined) {
    notices.push('cohort.s3.secretName is for a cluster: AWS_* of the environment are used here');
  }
  return notices;
}

const SETTING = 'give others by --set cohort.table=FILE --set cohort.slides=DIRECTORY';

function isBelow(path: string, directory: string): boolean {
  return path === directory || posix.normalize(path).startsWith(`${directory}/`);
}
