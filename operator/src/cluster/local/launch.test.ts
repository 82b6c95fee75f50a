import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { V1Pod } from '../../kubernetes-types.ts';
import type { Slot } from '../../job/names.ts';
import { buildPod as buildPodWith } from '../../objects/pods.ts';
import { buildJob } from '../../testing/builders.ts';
import { LOCAL_SETTINGS } from '../../job/settings.ts';
import { launchOf, type LaunchContext } from './launch.ts';

const buildPod = (job: WsiTrainingJob, slot: Slot): V1Pod => buildPodWith(job, slot, LOCAL_SETTINGS);
const context: LaunchContext = {
  entrypoint: ['/bin/node', '/trainer.ts'],
  privateDirectory: '/tmp/wsi-run-1',
  output: '/home/me/out',
  environment: { PATH: '/bin', TMPDIR: '/tmp/all', WSI_LISTEN: 'inherited', WSI_LOG_LEVEL: 'debug' },
};

describe('launchOf', () => {
  it('turns addresses into sockets and mounts into directories', () => {
    const job = buildJob({ servers: 2 });
    const coordinator = launchOf(buildPod(job, { role: 'coordinator', index: 0 }), context);
    expect([coordinator.command, ...coordinator.arguments]).toEqual([
      '/bin/node',
      '/trainer.ts',
      'coordinator',
    ]);
    expect(coordinator.environment).toMatchObject({
      PATH: '/bin',
      WSI_LOG_LEVEL: 'debug',
      WSI_PARENT_PIPE: '1',
      WSI_JOB_FILE: '/tmp/wsi-run-1/configmaps/lung-job/job.yaml',
      WSI_LISTEN: 'unix:/tmp/wsi-run-1/c0.sock',
      WSI_SERVERS: 'unix:/tmp/wsi-run-1/s0.sock,unix:/tmp/wsi-run-1/s1.sock',
      WSI_OUTPUT: '/home/me/out',
      WSI_TERMINATION_LOG: '/tmp/wsi-run-1/lung-coordinator-0.termination',
    });
    const worker = launchOf(buildPod(job, { role: 'worker', index: 3 }), context);
    expect(worker.environment).toMatchObject({
      WSI_REPLICA: '3',
      WSI_COORDINATOR: 'unix:/tmp/wsi-run-1/c0.sock',
    });
    expect(worker.environment['WSI_LISTEN']).toBeUndefined();
    // As a pod has a directory of temporary files of its own.
    expect(worker.temporaryDirectory).toBe('/tmp/wsi-run-1/tmp/lung-worker-3');
    expect(worker.environment['TMPDIR']).toBe(worker.temporaryDirectory);
  });

  it('takes the template of the user, in which ours wins', () => {
    const spec = {
      containers: [
        {
          name: 'trainer',
          command: ['/opt/run', '/data/x'],
          workingDir: '/data',
          env: [
            { name: 'WSI_REPLICA', value: '9' },
            { name: 'TF_CPP_MIN_LOG_LEVEL', value: '2' },
          ],
          volumeMounts: [
            { name: 'slides', mountPath: '/data' },
            { name: 'scratch', mountPath: '/data/scratch' },
          ],
        },
      ],
      volumes: [
        { name: 'slides', hostPath: { path: '/mnt/slides' } },
        { name: 'scratch', emptyDir: {} },
      ],
    };
    const job = buildJob({
      templates: { worker: { metadata: { labels: { team: 'a', 'wsi.dev/role': 'x' } }, spec } },
    });
    const pod = buildPod(job, { role: 'worker', index: 0 });
    expect(pod.metadata?.labels).toMatchObject({ team: 'a', 'wsi.dev/role': 'worker' });
    const launch = launchOf(pod, context);
    expect([launch.command, ...launch.arguments]).toEqual(['/opt/run', '/mnt/slides/x', 'worker']);
    expect(launch.workingDirectory).toBe('/mnt/slides');
    expect(launch.environment).toMatchObject({ WSI_REPLICA: '0', TF_CPP_MIN_LOG_LEVEL: '2' });
    expect(launch.directories).toContain('/tmp/wsi-run-1/volumes/lung-worker-0/scratch');
    expect(launch.directories).not.toContain('/mnt/slides');
  });

  it('names what needs a cluster', () => {
    const launch = (spec: unknown): unknown =>
      launchOf(
        buildPod(buildJob({ templates: { worker: { spec } } }), { role: 'worker', index: 0 }),
        context,
      );
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    expect(() => launch({ containers: [{ name: 'trainer', env }] })).toThrow(
      /TOKEN: valueFrom needs a cluster/,
    );
    const volumeMounts = [{ name: 'secret', mountPath: '/s' }];
    const volumes = [{ name: 'secret', secret: { secretName: 's' } }];
    expect(() => launch({ containers: [{ name: 'trainer', volumeMounts }], volumes })).toThrow(
      /volume secret of pod lung-worker-0: is of a kind that needs a cluster/,
    );
  });
});
