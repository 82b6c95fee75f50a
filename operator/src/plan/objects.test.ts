import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Plan } from './pass.ts';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { KubernetesObject } from '../kubernetes-types.ts';
import { buildJob, pod, seen, type JobChoices } from '../testing/builders.ts';
import { FORCED_BEFORE_MILLISECONDS, RENEW_BEFORE_MILLISECONDS } from './certificates.ts';
import { plan } from './plan.ts';
import { desiredObjects } from './owned-objects.ts';

const now = 1_000_000_000_000;
const settings: ClusterSettings = {
  ...DEFAULT_SETTINGS,
  operatorNamespace: 'wsi-system',
  operatorLabels: { app: 'wsi-operator' },
};

const objects = (choices: JobChoices = {}, pods = 4): KubernetesObject[] =>
  desiredObjects(buildJob(choices), settings, pods);
const one = (kind: string, choices: JobChoices = {}, pods = 4): KubernetesObject =>
  objects(choices, pods).find((object) => object.kind === kind)!;
const certificates = (left: number): NonNullable<Observed['certificates']> => ({
  notAfter: new Date(now + left).toISOString(),
});
const kinds = (result: Plan): string[] =>
  result.actions.flatMap((action) => (action.kind === 'apply' ? action.object.kind : []));
const issues = (result: Plan): boolean => result.actions.some(({ kind }) => kind === 'issueCertificates');
const creates = (result: Plan): number => result.actions.filter(({ kind }) => kind === 'createPod').length;

describe('the network policy', () => {
  it('lets in the job and the operator, on one port, and lets out to the job and name servers', () => {
    const job = { podSelector: { matchLabels: { 'wsi.dev/job-name': 'lung' } } };
    expect(one('NetworkPolicy')['spec']).toEqual({
      podSelector: job.podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            job,
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'wsi-system' } },
              podSelector: { matchLabels: { app: 'wsi-operator' } },
            },
          ],
          ports: [{ protocol: 'TCP', port: 7070 }],
        },
      ],
      egress: [
        { to: [job], ports: [{ protocol: 'TCP', port: 7070 }] },
        {
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'UDP', port: 5353 },
            { protocol: 'TCP', port: 53 },
            { protocol: 'TCP', port: 5353 },
          ],
        },
      ],
    });
  });

  it("lets out to the administrator's name servers and whatever is added", () => {
    const added = { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ protocol: 'TCP', port: 3128 }] };
    const chosen = { ...settings, dnsPorts: [1053], policyEgress: [added] };
    const [policy] = desiredObjects(buildJob(), chosen, 4).filter(({ kind }) => kind === 'NetworkPolicy');
    expect((policy!['spec'] as { egress: unknown[] }).egress.slice(1)).toEqual([
      {
        ports: [
          { protocol: 'UDP', port: 1053 },
          { protocol: 'TCP', port: 1053 },
        ],
      },
      added,
    ]);
  });
});

describe('the other objects', () => {
  it('give every pod a name with addresses of all families, and tell meshes nothing that is not so', () => {
    const service = (chosen: ClusterSettings): unknown =>
      desiredObjects(buildJob(), chosen, 4).find(({ kind }) => kind === 'Service')?.['spec'];
    const spec = { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack', publishNotReadyAddresses: true };
    expect(service(settings)).toMatchObject({ ...spec, ports: [{ port: 7070, appProtocol: 'tcp' }] });
    expect(service({ ...settings, certificates: false })).toMatchObject({ ports: [{ appProtocol: 'grpc' }] });
  });

  it('let one pod at a time be moved, and any that is not ready', () => {
    expect(one('PodDisruptionBudget', {}, 12)['spec']).toMatchObject({
      minAvailable: 11,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });

  it('include a claim for the output, without an owner when it is to stay', () => {
    const output = { size: '10Gi', accessModes: ['ReadWriteOnce'], storageClassName: 'fast' } as const;
    const kept = one('PersistentVolumeClaim', { storage: { output: { ...output, retain: true } } });
    expect(kept).toMatchObject({
      metadata: { name: 'lung-output', labels: { 'wsi.dev/job-name': 'lung' } },
      spec: { resources: { requests: { storage: '10Gi' } }, storageClassName: 'fast' },
    });
    expect(kept.metadata.ownerReferences).toBeUndefined();
    const dropped = one('PersistentVolumeClaim', { storage: { output: { ...output, retain: false } } });
    expect(dropped.metadata.ownerReferences).toHaveLength(1);
    expect(objects().map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim');
  });

  it('hold the job with paths that mean something in a pod', () => {
    const file = (choices: JobChoices): unknown => {
      const { data } = one('ConfigMap', choices) as unknown as { data: Record<string, string> };
      const { spec } = JSON.parse(data['job.yaml']!) as WsiTrainingJob;
      return [spec.cohort.table, spec.cohort.slides];
    };
    const cohort = { table: 'lung/cohort.csv', slides: './slides' };
    const data = { claimName: 'slides', mountPath: '/mnt/cohorts', readOnly: true };
    expect(file({ cohort })).toEqual(['/data/lung/cohort.csv', '/data/slides']);
    expect(file({ cohort, storage: { data } })).toEqual([
      '/mnt/cohorts/lung/cohort.csv',
      '/mnt/cohorts/slides',
    ]);
    expect(file({ cohort: { table: 's3://a/b.csv', slides: '/nfs/slides' } })).toEqual([
      's3://a/b.csv',
      '/nfs/slides',
    ]);
  });

  it('are put right when they have drifted, a claim only when it is too small', () => {
    const storage = { output: { size: '10Gi', accessModes: ['ReadWriteOnce'], retain: true } } as const;
    const job = buildJob({ storage });
    const all = desiredObjects(job, settings, 4);
    const drifted = (kind: string, spec: object): KubernetesObject[] =>
      all.map((object) =>
        object.kind === kind ? { ...object, spec: { ...(object['spec'] as object), ...spec } } : object,
      );
    const applied = (present: KubernetesObject[]): string[] =>
      kinds(plan(job, { ...seen([]), objects: present, certificates: certificates(1e12) }, now, settings));
    expect(applied(all)).toEqual([]);
    expect(applied(drifted('NetworkPolicy', { ingress: [{}] }))).toEqual(['NetworkPolicy']);
    expect(applied(drifted('PodDisruptionBudget', { minAvailable: 0 }))).toEqual(['PodDisruptionBudget']);
    expect(applied(drifted('Service', { clusterIPs: ['None'], sessionAffinity: 'None' }))).toEqual([]);
    const size = (storage_: string): object => ({ resources: { requests: { storage: storage_ } } });
    expect(applied(drifted('PersistentVolumeClaim', { ...size('20Gi'), volumeName: 'pv-1' }))).toEqual([]);
    expect(applied(drifted('PersistentVolumeClaim', size('5Gi')))).toEqual(['PersistentVolumeClaim']);
  });

  it('go after the end, when no process is left, but for the claim; and what was switched off goes at once', () => {
    const storage = { output: { size: '10Gi', accessModes: ['ReadWriteOnce'], retain: false } } as const;
    const job = buildJob({ storage });
    const all = desiredObjects(job, settings, 4);
    const done = pod(job, { role: 'coordinator', index: 0 }, { phase: 'Succeeded', exitCode: 0 }, settings);
    const server = pod(job, { role: 'server', index: 0 }, {}, settings);
    const observed = { ...seen([done, server]), objects: all, certificates: certificates(1e12) };
    const finished = { ...job, status: plan(job, observed, now, settings).status };
    const deleted = (pods: Observed['pods'], chosen = settings): unknown[] =>
      plan(finished, { ...observed, pods }, now, chosen).actions.flatMap((action) =>
        action.kind === 'delete' ? action.objectKind : [],
      );
    expect(finished.status.phase).toBe('Succeeded');
    expect(deleted([done, server])).toEqual(['PodDisruptionBudget']);
    expect(deleted([done]).sort()).toEqual([
      'ConfigMap',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Secret',
      'Service',
    ]);
    const off = plan(job, { ...observed, pods: [server] }, now, { ...settings, networkPolicy: false });
    expect(off.actions.filter(({ kind }) => kind === 'delete')).toMatchObject([
      { objectKind: 'NetworkPolicy' },
    ]);
    // An object of the same name that is another's is not touched.
    const foreign = all.map((object) => ({
      ...object,
      metadata: { ...object.metadata, ownerReferences: [] },
    }));
    expect(
      plan(finished, { ...observed, pods: [], objects: foreign }, now, settings).actions.filter(
        ({ kind }) => kind === 'delete',
      ),
    ).toEqual([]);
  });
});

describe('certificates', () => {
  const job = buildJob();
  const running = [pod(job, { role: 'coordinator', index: 0 }, {}, settings)];
  const planFor = (left: number | undefined, pods: Observed['pods'], given = job): Plan =>
    plan(
      given,
      {
        ...seen(pods),
        objects: desiredObjects(given, settings, 4),
        ...(left === undefined ? {} : { certificates: certificates(left) }),
      },
      now,
      settings,
    );

  it('are made before any pod, for the host names of all that can ever listen', () => {
    const first = planFor(undefined, []);
    expect([issues(first), creates(first), first.requeueAfterMilliseconds]).toEqual([true, 0, 0]);
    const action = first.actions.find(({ kind }) => kind === 'issueCertificates');
    expect(action).toMatchObject({
      request: {
        secretName: 'lung-tls',
        validDays: 90,
        roles: {
          coordinator: { dnsNames: ['lung-coordinator-0.lung.default.svc'] },
          worker: { dnsNames: [] },
          operator: { dnsNames: [] },
        },
      },
    });
    expect(creates(planFor(1e12, []))).toBe(2);
  });

  it('are made again in time: at once when nothing runs, late when something does, with a warning before', () => {
    expect(issues(planFor(RENEW_BEFORE_MILLISECONDS + 1, []))).toBe(false);
    const idle = planFor(RENEW_BEFORE_MILLISECONDS, []);
    expect([issues(idle), creates(idle)]).toEqual([true, 0]);
    const busy = planFor(RENEW_BEFORE_MILLISECONDS, running);
    expect([issues(busy), creates(busy)]).toEqual([false, 1]);
    expect(busy.events.map(({ reason }) => reason)).toContain('CertificatesExpiring');
    const reported = planFor(RENEW_BEFORE_MILLISECONDS, running, { ...job, status: busy.status });
    expect(reported.events.map(({ reason }) => reason)).not.toContain('CertificatesExpiring');
    expect(issues(planFor(FORCED_BEFORE_MILLISECONDS, running))).toBe(true);
  });

  it('of another set than the Secret has make the job stop in order and go on', () => {
    const [coordinator] = planFor(1e12, []).actions.flatMap((action) =>
      action.kind === 'createPod' ? action.object : [],
    );
    const made = {
      ...coordinator!,
      metadata: { ...coordinator!.metadata, uid: 'a' },
      status: { phase: 'Running' },
    };
    expect(planFor(1e12, [made]).actions.filter(({ kind }) => kind === 'deletePod')).toEqual([]);
    expect(planFor(2e12, [made]).actions).toMatchObject([{ kind: 'deletePod', name: 'lung-coordinator-0' }]);
  });
});
