/* eslint-disable max-lines -- every part of one pod */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { V1Container, V1Pod, V1PodSpec } from '../kubernetes-types.ts';
import { buildJob, type JobChoices } from '../testing/builders.ts';
import { contains } from '../plan/contains.ts';
import { ROLES, type Role } from '../job/names.ts';
import { buildPod } from './pods.ts';

const settings: ClusterSettings = { ...DEFAULT_SETTINGS, trainerImage: 'registry/trainer:1' };
const build = (role: Role, choices: JobChoices = {}, chosen = settings): V1Pod =>
  buildPod(buildJob(choices), { role, index: 0 }, chosen);
const trainer = (pod: V1Pod): V1Container => pod.spec!.containers.find(({ name }) => name === 'trainer')!;
const environment = (pod: V1Pod): Record<string, unknown> =>
  Object.fromEntries(
    (trainer(pod).env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  );
const mounts = (container: V1Container): Record<string, string> =>
  Object.fromEntries((container.volumeMounts ?? []).map(({ name, mountPath }) => [name, mountPath]));
const volumes = (pod: V1Pod): Record<string, unknown> =>
  Object.fromEntries((pod.spec?.volumes ?? []).map(({ name, ...source }) => [name, source]));
const withWorker = (spec: Partial<V1PodSpec>): JobChoices => ({ templates: { worker: { spec } } });

describe.each(ROLES)('the pod of a %s', (role) => {
  it('conforms to the Restricted standard, with a read-only root and no token', () => {
    const { spec } = build(role);
    expect(spec?.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec?.automountServiceAccountToken).toBe(false);
    expect(trainer(build(role)).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
    expect(mounts(trainer(build(role)))['wsi-tmp']).toBe('/tmp');
    expect(volumes(build(role))['wsi-tmp']).toEqual({ emptyDir: {} });
  });

  it('names no user where the platform assigns them, unless its template does', () => {
    const assigned: ClusterSettings = { ...settings, podIdentity: 'platform' };
    const pod = build(role, {}, assigned);
    expect(pod.spec?.securityContext).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    // Whatever group it gets: its certificate can be read.
    expect(volumes(pod)['wsi-tls']).toMatchObject({ secret: { defaultMode: 0o444 } });
    const template = { spec: { securityContext: { runAsUser: 1000620000, fsGroup: 1000620000 } } };
    const own = build(role, { templates: { [role]: template } }, assigned);
    expect(own.spec?.securityContext).toMatchObject(template.spec.securityContext);
  });

  it('stays outside of meshes unless its template says otherwise', () => {
    const outside = build(role).metadata;
    expect(outside?.labels).toMatchObject({
      'sidecar.istio.io/inject': 'false',
      'istio.io/dataplane-mode': 'none',
    });
    expect(outside?.annotations).toMatchObject({ 'linkerd.io/inject': 'disabled' });
    const metadata = {
      labels: { 'sidecar.istio.io/inject': 'true' },
      annotations: { 'linkerd.io/inject': 'enabled' },
    };
    const within = build(role, { templates: { [role]: { metadata } } }).metadata;
    expect(within).toMatchObject(metadata);
  });

  it('listens on all addresses of both families, and lets its group and nobody else write', () => {
    const listens = role === 'worker' ? undefined : '[::]:7070';
    expect(environment(build(role))['WSI_LISTEN']).toBe(listens);
    expect(environment(build(role))['WSI_UMASK']).toBe('0007');
    // On this machine the files are the user's.
    expect(environment(build(role, {}, LOCAL_SETTINGS))['WSI_UMASK']).toBeUndefined();
  });

  it('has its own certificate and no other, beside the job file and not within it', () => {
    const pod = build(role);
    expect(volumes(pod)['wsi-tls']).toEqual({
      secret: {
        secretName: 'lung-tls',
        defaultMode: 0o440,
        items: [
          { key: 'ca.crt', path: 'ca.crt' },
          { key: `${role}.crt`, path: 'tls.crt' },
          { key: `${role}.key`, path: 'tls.key' },
        ],
      },
    });
    expect(mounts(trainer(pod))).toMatchObject({ 'wsi-tls': '/etc/wsi/tls', 'wsi-job': '/etc/wsi/job' });
    expect(environment(pod)['WSI_TLS_DIRECTORY']).toBe('/etc/wsi/tls');
    const open = build(role, {}, { ...settings, certificates: false, restricted: false });
    expect(Object.keys(volumes(open))).not.toContain('wsi-tls');
    expect(environment(open)).not.toHaveProperty('WSI_TLS_DIRECTORY');
    expect(open.spec?.securityContext).toBeUndefined();
  });

  it('keeps everything of its template that the operator does not decide', () => {
    const quantity = fc.constantFrom<string | number>('1', 2, '500m', '4Gi');
    const resource = fc.constantFrom(
      'cpu',
      'memory',
      'nvidia.com/gpu',
      'nvidia.com/mig-1g.10gb',
      'example.com/fpga',
    );
    const words = fc.dictionary(fc.constantFrom('zone', 'team', 'disk'), fc.constantFrom('a', 'b'), {
      minKeys: 1,
    });
    const container = fc.record(
      {
        image: fc.constant('mine:1'),
        imagePullPolicy: fc.constant('Always'),
        resources: fc.record({ limits: fc.dictionary(resource, quantity, { minKeys: 1 }) }),
        env: fc.constant([{ name: 'TF_CPP_MIN_LOG_LEVEL', value: '2' }]),
        envFrom: fc.constant([{ configMapRef: { name: 'settings' } }]),
        volumeMounts: fc.constant([{ name: 'scratch', mountPath: '/scratch' }]),
        workingDir: fc.constant('/data'),
        command: fc.constant(['/usr/bin/env', 'node']),
        lifecycle: fc.constant({ preStop: { sleep: { seconds: 1 } } }),
        securityContext: fc.constant({ readOnlyRootFilesystem: false, runAsUser: 1000 }),
      },
      { requiredKeys: [] },
    );
    const spec = fc.record(
      {
        nodeSelector: words,
        tolerations: fc.constant([{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }]),
        affinity: fc.constant({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } }),
        topologySpreadConstraints: fc.constant([
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
        ]),
        volumes: fc.constant([
          { name: 'scratch', ephemeral: {} },
          { name: 'nfs', nfs: { server: 's', path: '/' } },
        ]),
        imagePullSecrets: fc.constant([{ name: 'registry' }]),
        priorityClassName: fc.constant('high'),
        runtimeClassName: fc.constant('nvidia'),
        schedulerName: fc.constant('mine'),
        serviceAccountName: fc.constant('trainer'),
        hostAliases: fc.constant([{ ip: '10.0.0.1', hostnames: ['store'] }]),
        dnsPolicy: fc.constant('None'),
        dnsConfig: fc.constant({ nameservers: ['10.0.0.10'] }),
        resourceClaims: fc.constant([{ name: 'gpu', resourceClaimTemplateName: 'one' }]),
        securityContext: fc.constant({ supplementalGroups: [5], fsGroup: 2000 }),
        terminationGracePeriodSeconds: fc.integer({ min: 1, max: 900 }),
        initContainers: fc.constant([{ name: 'fetch', image: 'x', command: ['y'] }]),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(spec, container, words, (base, own, labels) => {
        const sidecar = { name: 'sidecar', image: 'side:1', resources: { limits: { cpu: 1 } } };
        const given = { ...base, containers: [{ ...own, name: 'trainer' }, sidecar] };
        const template = { metadata: { labels, annotations: labels }, spec: given };
        const pod = build(role, { templates: { [role]: template } });
        const { containers, volumes: given_, ...rest } = given as unknown as Partial<V1PodSpec>;
        expect(contains({ ...pod.spec, initContainers: trimmed(pod) }, rest)).toBe(true);
        expect(pod.metadata).toMatchObject({ labels, annotations: labels });
        for (const volume of given_ ?? []) expect(pod.spec?.volumes).toContainEqual(volume);
        for (const container of containers ?? []) {
          const built = pod.spec?.containers.find(({ name }) => name === container.name);
          const { env = [], volumeMounts = [], ...fields } = container;
          expect(built).toMatchObject(fields);
          for (const variable of env) expect(built?.env).toContainEqual(variable);
          for (const mount of volumeMounts) expect(built?.volumeMounts).toContainEqual(mount);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Init containers without what the operator adds to them: their number and order stay. */
function trimmed(pod: V1Pod): unknown {
  return pod.spec?.initContainers?.map(({ name, image, command }) => ({ name, image, command }));
}

describe('the security of pods', () => {
  it('goes for every container that says nothing, and where one says something, that counts', () => {
    const pod = build(
      'worker',
      withWorker({
        securityContext: { runAsUser: 1000 },
        initContainers: [{ name: 'fetch' }],
        containers: [
          { name: 'trainer' },
          { name: 'log', securityContext: { readOnlyRootFilesystem: false } },
          { name: 'root', securityContext: { runAsUser: 0 } },
          { name: 'driver', securityContext: { privileged: true } },
        ],
      }),
    );
    const [fetch] = pod.spec?.initContainers ?? [];
    expect(fetch?.securityContext).toEqual(trainer(pod).securityContext);
    expect(pod.spec?.securityContext).toMatchObject({
      runAsUser: 1000,
      runAsGroup: 65532,
      runAsNonRoot: true,
    });
    const [, log, root, driver] = pod.spec!.containers;
    expect(log?.securityContext).toMatchObject({
      readOnlyRootFilesystem: false,
      allowPrivilegeEscalation: false,
    });
    // The kubelet would refuse root under runAsNonRoot, the API server a privileged container without escalation.
    expect(root?.securityContext).toMatchObject({ runAsUser: 0, runAsNonRoot: false });
    expect(driver?.securityContext).toEqual({ privileged: true, readOnlyRootFilesystem: true });
  });

  it('lets a template bring its own /tmp', () => {
    const volumeMounts = [{ name: 'scratch', mountPath: '/tmp' }];
    const pod = build('worker', withWorker({ containers: [{ name: 'trainer', volumeMounts }] }));
    expect(trainer(pod).volumeMounts?.filter(({ mountPath }) => mountPath === '/tmp')).toEqual(volumeMounts);
  });
});

describe('data and output', () => {
  const storage = {
    data: { claimName: 'slides', mountPath: '/mnt/slides', readOnly: true },
    output: { size: '10Gi', accessModes: ['ReadWriteOnce'], retain: true },
  } as const;

  it('are mounted where they are needed and nowhere else', () => {
    for (const role of ROLES) {
      const pod = build(role, { storage });
      const reads = role !== 'server';
      expect([role, volumes(pod)['wsi-data']]).toEqual([
        role,
        reads ? { persistentVolumeClaim: { claimName: 'slides', readOnly: true } } : undefined,
      ]);
      expect([role, mounts(trainer(pod))['wsi-data']]).toEqual([role, reads ? '/mnt/slides' : undefined]);
      expect([role, volumes(pod)['output']]).toEqual([
        role,
        role === 'coordinator' ? { persistentVolumeClaim: { claimName: 'lung-output' } } : undefined,
      ]);
    }
  });

  it.each([
    ['an emptyDir by default', {}, undefined, { emptyDir: {} }],
    ["the template's volume", {}, { nfs: {} }, { nfs: {} }],
    [
      'a claim that exists',
      { output: { claimName: 'mine' } },
      { nfs: {} },
      { persistentVolumeClaim: { claimName: 'mine' } },
    ],
  ])('output is %s', (_, chosen, volume, expected) => {
    const spec = volume === undefined ? {} : { volumes: [{ name: 'output', ...volume }] };
    const pod = build('coordinator', { storage: chosen, templates: { coordinator: { spec } } });
    expect(volumes(pod)['output']).toEqual(expected);
    expect(environment(pod)['WSI_OUTPUT']).toBe('/var/lib/wsi/output');
  });

  it('take the keys of a store from its Secret, for who reads slides', () => {
    const cohort = { s3: { secretName: 'keys', forcePathStyle: false } };
    for (const role of ROLES) {
      const key = environment(build(role, { cohort }))['AWS_ACCESS_KEY_ID'];
      expect([role, key]).toEqual([
        role,
        role === 'server' ? undefined : { secretKeyRef: { name: 'keys', key: 'AWS_ACCESS_KEY_ID' } },
      ]);
    }
    expect(environment(build('worker', { cohort }))['AWS_SESSION_TOKEN']).toMatchObject({
      secretKeyRef: { optional: true },
    });
  });
});

describe('images', () => {
  const chosen = { ...settings, imagePullPolicy: 'Never', imagePullSecrets: ['ours', 'registry'] };

  it("are the administrator's, with policy and secrets, unless the template names one", () => {
    expect(trainer(build('worker', {}, chosen))).toMatchObject({
      image: 'registry/trainer:1',
      imagePullPolicy: 'Never',
      args: ['worker'],
    });
    const own = build(
      'worker',
      withWorker({
        containers: [{ name: 'trainer', image: 'mine:2' }],
        imagePullSecrets: [{ name: 'registry' }],
      }),
      chosen,
    );
    expect(trainer(own).image).toBe('mine:2');
    expect(trainer(own).imagePullPolicy).toBeUndefined();
    expect(own.spec?.imagePullSecrets).toEqual([{ name: 'registry' }, { name: 'ours' }]);
  });

  it('of those that listen tell when they are ready; nothing is killed by a probe', () => {
    expect(trainer(build('server')).readinessProbe).toMatchObject({ tcpSocket: { port: 7070 } });
    expect(trainer(build('worker')).readinessProbe).toBeUndefined();
    for (const role of ROLES) expect(trainer(build(role)).livenessProbe).toBeUndefined();
  });
});
