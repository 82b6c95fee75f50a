/* eslint-disable max-lines -- what one job looks like in every listing */
import { buildPod, DEFAULT_SETTINGS } from '@wsi-operator/operator';
import { describe, expect, it, test } from '@jest/globals';
import { checkpointPlace } from './checkpoint-place.ts';
import { describeJob } from './description.ts';
import { jobDetails } from './job-details.ts';
import { jobTable } from './job-table.ts';
import { pathWarnings } from './path-warnings.ts';
import { podState } from './pod-state.ts';
import { formatChange, specChanges } from './spec-changes.ts';
import { nextSteps } from './advice.ts';
import { placeOf, type Pod } from './wire.ts';
import {
  ago,
  condition,
  event,
  job,
  NOW,
  pod,
  running,
  runningStatus,
  unschedulable,
  type PodParts,
} from '../testing/objects.ts';

const shown = { columns: 100, now: NOW };
const asked = { program: 'wsi', where: ' -n lab', now: NOW };

describe('the table of jobs', () => {
  const failed = {
    phase: 'Failed' as const,
    conditions: [condition('Failed', 'True', 'InputInvalid', 'The cohort is wrong.')],
  };
  const waiting = {
    phase: 'Starting' as const,
    conditions: [condition('Running', 'False', 'PodsUnschedulable', '0/1 nodes are available.')],
  };
  const jobs = [
    job({ name: 'zeta', status: failed }),
    job({ status: runningStatus }),
    job({ name: 'new', status: waiting, createdSecondsAgo: 5 }),
  ];

  it('shows the essentials of each job', () => {
    expect(jobTable(jobs, { wide: false, allNamespaces: false, now: NOW }).split('\n')).toEqual([
      'NAME  PHASE                         PROGRESS                  ETA     WORKERS  TILES/S  AGE',
      'demo  Running                       [█████▍      ] 45% 18/40  1m 20s  1/2      53       10m',
      'new   Starting (PodsUnschedulable)  -                         -       -        -        5s',
      'zeta  Failed (InputInvalid)         -                         -       -        -        10m',
      '',
    ]);
  });

  it('has more columns in the wide format', () => {
    const [header, row] = jobTable(jobs, { wide: true, allNamespaces: true, now: NOW }).split('\n');
    expect(header).toMatch(/^NAMESPACE +NAME .* EPOCH +SERVERS +WORKER MEMORY +RESTARTS +PARAMETERS +AGE$/);
    expect(row).toMatch(/^lab .* 2\/4 +2\/2 +1\.2 GB +1 +ab12ab12ab12 +10m$/);
  });

  it('accepts a job without a status', () => {
    expect(jobTable([job()], { wide: true, allNamespaces: false, now: NOW })).toContain('Pending');
  });
});

describe('the details of a job', () => {
  it('include progress, replicas, memory, checkpoint, digest and conditions', () => {
    const text = jobDetails(job({ status: runningStatus }), shown);
    expect(text).toContain('Job         demo in namespace lab\n');
    expect(text).toContain('Phase       Running, training, started 5m ago\n');
    expect(text).toMatch(/Progress {4}\[█+▏? *\] {2}45% {2}step 18\/40 {2}epoch 2\/4 {2}ETA 1m 20s\n/);
    expect(text).toContain('Throughput  53 tiles/s\n');
    expect(text).toContain('Measured    51 tiles/s by 2 workers over 20 s; bottleneck: backward\n');
    expect(text).toContain('Phases      62% backward  22% forward  10% decode  6% barrierWait\n');
    expect(text).toContain('Replicas    coordinator 1/1, servers 2/2, workers 1/2\n');
    expect(text).toContain('Memory      coordinator 400 MB, workers 1.2 GB (largest of a pod)\n');
    expect(text).toContain('Restarts    1 (limit 6)\n');
    expect(text).toContain(`sha256 ${'ab12'.repeat(16)}\n`);
    expect(text).toMatch(/Running {2}True {4}PodsReady {3}2m {5}Every role runs\.\n/);
  });

  it('say that it is being deleted, and that the operator is behind', () => {
    const one = job({ status: { ...runningStatus, observedGeneration: 1 } });
    const changed = { ...one, metadata: { ...one.metadata, generation: 2, deletionTimestamp: ago(1) } };
    expect(jobDetails(changed, shown)).toMatch(/is being deleted, the last change of the spec/);
  });

  it('list how pods have ended', () => {
    const failures = [
      {
        pod: 'demo-worker-1',
        uid: 'u',
        failures: 2,
        inARow: 1,
        counted: 2,
        step: 7,
        time: ago(65),
        reason: 'outOfMemory',
        message: 'was killed for\nusing more memory than it may',
      },
    ];
    expect(jobDetails(job({ status: { failures } }), shown)).toMatch(
      /demo-worker-1 {2}2 +outOfMemory {2}1m 5s {2}was killed for \| using more memory than it may\n/,
    );
  });
});

describe('the state of pods', () => {
  const ended = (exitCode: number, reason = 'Error', message = ''): PodParts => ({
    phase: 'Failed',
    state: { terminated: { exitCode, reason, message } },
  });
  const waiting = (reason: string, message: string): PodParts => ({
    phase: 'Pending',
    image: 'wsi:1',
    state: { waiting: { reason, message } },
  });

  test.each<[string, PodParts, string, RegExp]>([
    ['runs', { state: running }, 'Running', /^$/],
    ['runs but is not ready', { state: running, ready: false }, 'NotReady', /not ready yet/],
    ['leaves', { state: running, deleted: true }, 'Terminating', /^$/],
    ['has no node', { status: unschedulable('0/1 nodes') }, 'Unschedulable', /^0\/1 nodes$/],
    [
      'waits for its image',
      waiting('ImagePullBackOff', 'Back-off'),
      'ImagePullBackOff',
      /^image wsi:1: Back-off$/,
    ],
    [
      'lacks a secret',
      waiting('CreateContainerConfigError', 'secret "x" not found'),
      'CreateContainerConfigError',
      /"x"/,
    ],
    ['used too much memory', ended(137, 'OOMKilled'), 'OutOfMemory', /more memory than its limit/],
    ['was killed', ended(137), 'Error', /SIGKILL/],
    [
      'refused its input',
      ended(64, 'Error', 'InvalidCohort: row 3 is bad'),
      'Error',
      /^exit code 64, it refused its input: row 3 is bad$/,
    ],
    ['is done', ended(0, 'Completed'), 'Completed', /^$/],
    [
      'was evicted',
      { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' } },
      'Evicted',
      /low on memory/,
    ],
    [
      'has an init container that fails',
      {
        status: {
          phase: 'Pending',
          initContainerStatuses: [{ name: 'fetch', state: { terminated: { exitCode: 2, reason: 'Error' } } }],
          containerStatuses: [{ name: 'trainer', state: { waiting: { reason: 'PodInitializing' } } }],
        },
      },
      'Init:Error',
      /^container fetch: exit code 2/,
    ],
    [
      'has a sidecar whose image is not there, while the role runs',
      {
        status: {
          phase: 'Pending',
          initContainerStatuses: [{ name: 'logs', state: { waiting: { reason: 'ImagePullBackOff' } } }],
          containerStatuses: [{ name: 'trainer', ready: true, state: running }],
        },
      },
      'Running',
      /^container logs: ImagePullBackOff$/,
    ],
    [
      'has a container beside the role that ends again and again',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            { name: 'trainer', ready: true, state: running },
            {
              ...{ name: 'proxy', restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff' } } },
              lastState: { terminated: { exitCode: 3, message: 'no address' } },
            },
          ],
        },
      },
      'Running',
      /^container proxy, started again 5 times: exit code 3: no address: CrashLoopBackOff$/,
    ],
    ['is known by its name only', { status: {} }, 'Pending', /^$/],
  ])('is derived for a pod that %s', (_words, parts, state, why) => {
    const found = podState(pod(parts));
    expect(found.state).toBe(state);
    expect(found.why).toMatch(why);
  });

  it('is shown for those with the labels that the operator sets', () => {
    const made = buildPod(job(), { role: 'server', index: 3 }, DEFAULT_SETTINGS) as unknown as Pod;
    expect(placeOf(made)).toEqual({ role: 'server', index: 3 });
  });
});

describe('advice on what to do next', () => {
  const starting = { ...runningStatus, phase: 'Starting' as const };
  const advise = (pods: Pod[], status = starting, events: ReturnType<typeof event>[] = []): string =>
    nextSteps({ ...asked, job: job({ status }), pods, events }).join('\n');

  test.each([
    [
      '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
      /^worker-0: no node has enough nvidia\.com\/gpu free/,
    ],
    ['0/1 nodes: node(s) had untolerated taint {x: y}', /toleration/],
    ["0/1 nodes: node(s) didn't match Pod's node affinity/selector", /nodeSelector/],
    ['persistentvolumeclaim "slides" not found', /PersistentVolumeClaim/],
    ['something new', /its message is above/],
  ])('explains the scheduler message "%s"', (message, expected) => {
    expect(advise([pod({ status: unschedulable(message) })])).toMatch(expected);
  });

  it('mentions a problem shared by many pods once', () => {
    const status = unschedulable('Insufficient cpu');
    const pods = [3, 1, 2, 0].map((replica) => pod({ replica, status }));
    expect(advise(pods)).toMatch(/^worker-0, worker-1 and 2 more: no node has enough cpu free[^\n]*$/);
  });

  it('covers volumes that cannot be mounted', () => {
    const failed = event({ on: 'demo-worker-0', reason: 'FailedMount', message: 'no such claim' });
    expect(advise([pod({ phase: 'Pending' })], starting, [failed])).toMatch(
      /volume cannot be mounted \(no such claim\)/,
    );
  });

  it('concerns the operator when no operator has reconciled the job', () => {
    expect(nextSteps({ ...asked, job: job(), pods: [], events: [] })[0]).toMatch(
      /No operator has reconciled/,
    );
    const young = job({ createdSecondsAgo: 3 });
    expect(nextSteps({ ...asked, job: young, pods: [], events: [] })[0]).toMatch(
      /wsi status demo -n lab --watch/,
    );
  });

  test.each([
    ['Suspended', condition('Suspended', 'True', 'JobSuspended', ''), /wsi resume demo -n lab/],
    ['Failed', condition('Failed', 'True', 'InputInvalid', 'x'), /submit FILE --replace/],
    ['Failed', condition('Failed', 'True', 'BackoffLimitExceeded', 'x'), /wsi logs demo -n lab/],
    ['Starting', condition('Running', 'False', 'QueuePending', 'position 3'), /queue: position 3/],
    ['Pending', condition('Running', 'False', 'NotAllowed', 'not root'), /ask the administrator.*: not root/],
    ['Succeeded', condition('Succeeded', 'True', 'TrainingCompleted', 'x'), /results/],
  ] as const)('fits a job that is %s', (phase, one, expected) => {
    expect(advise([], { ...runningStatus, phase, conditions: [one] } as typeof starting)).toMatch(expected);
  });
});

describe('the description of a job', () => {
  it('is complete, with events in chronological order', () => {
    const events = [
      event({ reason: 'Second', lastTimestamp: ago(10), count: 3 }),
      event({ reason: 'First', lastTimestamp: null, eventTime: ago(100) }),
    ];
    const pods = [pod({ state: running }), pod({ role: 'coordinator', state: running })];
    const text = describeJob({ ...asked, columns: 100, job: job({ status: runningStatus }), pods, events });
    expect(text.match(/^\w+$/gm)).toEqual(['Conditions', 'Spec', 'Pods', 'Events', 'Next']);
    expect(text.indexOf('First')).toBeLessThan(text.indexOf('Second'));
    expect(text).toMatch(/Second +demo +assigned \(3 times\)/);
    expect(text.indexOf('coordinator-0')).toBeLessThan(text.indexOf('worker-0'));
  });

  it('omits the oldest of very many events', () => {
    const events = Array.from({ length: 50 }, (_unused, index) =>
      event({ reason: `R${index}`, lastTimestamp: ago(index) }),
    );
    const text = describeJob({ ...asked, columns: 100, job: job(), pods: [], events });
    expect(text).toContain('(10 earlier ones are left out)');
    expect(text).not.toContain('R49 ');
    expect(text).toContain('R0 ');
  });
});

describe('changes of a spec', () => {
  it('are listed field by field', () => {
    const before = { a: 1, b: { c: [1, 2], d: 'x' }, e: true };
    const after = { e: true, b: { d: 'x y', c: [1, 3, 4] }, f: null };
    expect(specChanges(before, after).map(formatChange)).toEqual([
      'a: 1 -> (none)',
      'b.c[1]: 2 -> 3',
      'b.c[2]: (none) -> 4',
      'b.d: x -> "x y"',
      'f: (none) -> null',
    ]);
    expect(specChanges(before, structuredClone(before))).toEqual([]);
  });
});

describe('a warning about a path that works here but not in a cluster', () => {
  const here = (path: string): boolean => path === '/data/cohort.csv';
  const mounted = {
    template: { spec: { containers: [{ volumeMounts: [{ name: 'd', mountPath: '/data' }] }] } },
  };

  it('is given for a path outside every volume, and for an output that is lost with the pod', () => {
    const warnings = pathWarnings(job(), here);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(/cohort\.table: .* at \/data\/cohort\.csv, although it is on this machine/);
    expect(warnings[1]).toMatch(/cohort\.slides: no volume of the coordinator and the workers is mounted/);
    expect(warnings[2]).toMatch(/checkpoints and results are lost/);
  });

  test.each([
    ['a data claim', { storage: { data: { claimName: 'd', mountPath: '/data' }, output: { size: '1Gi' } } }],
    [
      'a data claim at its usual place',
      { storage: { data: { claimName: 'd', mountPath: '/data' }, output: { claimName: 'o' } } },
    ],
    ['S3', { cohort: { table: 's3://b/c.csv', slides: 's3://b/s' }, storage: { output: { size: '1Gi' } } }],
    [
      'volumes in the templates',
      {
        coordinator: { template: { spec: { ...mounted.template.spec, volumes: [{ name: 'output' }] } } },
        workers: { ...mounted, replicas: 2 },
      },
    ],
  ])('is not given with %s', (_words, spec) => {
    expect(pathWarnings(job({ spec }), here)).toEqual([]);
  });

  it('is given for a relative path, and for a path beside the mount', () => {
    const storage = { data: { claimName: 'd', mountPath: '/data' }, output: { size: '1Gi' } };
    const cohort = { table: 'cohort.csv', slides: '/data2/slides' };
    expect(pathWarnings(job({ spec: { cohort } }), here)[0]).toMatch(/relative path/);
    expect(pathWarnings(job({ spec: { storage, cohort } }), here)).toEqual([
      expect.stringMatching(/\/data2\/slides/),
    ]);
  });
});

describe('the place of the checkpoint', () => {
  test.each([
    [{ storage: { output: { claimName: 'mine' } } }, true, /PersistentVolumeClaim mine of namespace lab/],
    [
      { storage: { output: { size: '1Gi', retain: true } } },
      true,
      /stays in the PersistentVolumeClaim demo-output/,
    ],
    [{ storage: { output: { size: '1Gi', retain: false } } }, false, /deleted with the job/],
    [{}, false, /coordinator's pod and goes with it/],
    [{ coordinator: { template: { spec: { volumes: [{ name: 'output', nfs: {} }] } } } }, true, /\(nfs\)/],
    [
      { coordinator: { template: { spec: { volumes: [{ name: 'output', emptyDir: {} }] } } } },
      false,
      /goes with it/,
    ],
  ])('follows from the spec %j', (spec, stays, text) => {
    const place = checkpointPlace(job({ spec, status: runningStatus }));
    expect(place.stays).toBe(stays);
    expect(place.text).toMatch(text);
  });

  it('is unknown before the first checkpoint', () => {
    expect(checkpointPlace(job()).text).toBe('There is no checkpoint yet.');
  });
});
