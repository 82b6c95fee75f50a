import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { V1NetworkPolicy } from '../kubernetes-types.ts';
import { buildJob, type JobChoices } from '../testing/builders.ts';
import { connects, type Endpoint, type Port } from '../testing/policy-model.ts';
import { ROLES, slotLabels } from '../job/names.ts';
import { networkPolicy } from './network-policy.ts';

const operatorLabels = { 'app.kubernetes.io/name': 'wsi-operator', 'app.kubernetes.io/instance': 'wsi' };
const settings: ClusterSettings = { ...DEFAULT_SETTINGS, operatorNamespace: 'wsi-system', operatorLabels };
const RPC: Port = { protocol: 'TCP', port: 7070 };
const tcp = (port: number): Port => ({ protocol: 'TCP', port });

function named(name: string, namespace: string, choices: JobChoices = {}): WsiTrainingJob {
  const job = buildJob(choices);
  return { ...job, metadata: { ...job.metadata, name, namespace } };
}
const stored = (endpoint?: string, podPorts?: number[]): JobChoices => ({
  cohort: {
    slides: 's3://slides',
    s3: {
      forcePathStyle: true,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(podPorts === undefined ? {} : { podPorts }),
    },
  },
});
const jobs = {
  lung: named('lung', 'team-a'),
  other: named('other', 'team-a'),
  namesake: named('lung', 'team-b'),
  stored: named('stored', 'team-a', stored('https://minio.tenant.svc')),
  narrow: named('narrow', 'team-a', stored('https://minio.tenant.svc', [9000])),
  amazon: named('amazon', 'team-a', stored()),
  literal: named('literal', 'team-b', stored('https://[2001:db8::9]:9000')),
};
const policies = Object.values(jobs).map((job) => networkPolicy(job, settings) as V1NetworkPolicy);

let next = 0;
function endpoint(name: string, namespace?: string, labels: Record<string, string> = {}): Endpoint {
  next += 1;
  return { name, labels, address: `10.244.0.${next}`, ...(namespace === undefined ? {} : { namespace }) };
}
const podsOf = (name: keyof typeof jobs): Endpoint[] =>
  ROLES.map((role) =>
    endpoint(`${name} ${role}`, jobs[name].metadata.namespace, slotLabels(jobs[name], { role, index: 0 })),
  );
const roles = Object.fromEntries(
  (Object.keys(jobs) as (keyof typeof jobs)[]).map((name) => [name, podsOf(name)]),
) as Record<keyof typeof jobs, Endpoint[]>;
const ofJobs = Object.values(roles).flat();
const operator = endpoint('operator', 'wsi-system', operatorLabels);
const names = endpoint('name server', 'openshift-dns');
const minio = endpoint('store', 'tenant', { app: 'minio' });
const others = [
  endpoint('stranger', 'team-a'),
  endpoint('stranger', 'team-b'),
  // Labels that they have no right to, where they mean nothing.
  endpoint('pretender', 'team-c', slotLabels(jobs.lung, { role: 'coordinator', index: 0 })),
  endpoint('mimic of the operator', 'team-a', operatorLabels),
  endpoint('neighbour of the operator', 'wsi-system'),
  endpoint('outside'),
];
const everybody = [...ofJobs, operator, names, minio, ...others];
const reached = (from: Endpoint, port: Port): string[] =>
  everybody.filter((to) => to !== from && connects(policies, from, to, port)).map(({ name }) => name);
const nameOf = ({ name }: Endpoint): string => name;

describe("jobs' policies, as every pair of pods meets them", () => {
  it.each(Object.keys(jobs) as (keyof typeof jobs)[])('a pod of %s reaches its own job, no other', (name) => {
    for (const pod of roles[name]) {
      const own = roles[name].filter((other) => other !== pod).map(nameOf);
      // The store's namespace is open at every port where nothing is said of its pods.
      expect([pod.name, reached(pod, RPC)]).toEqual([
        pod.name,
        name === 'stored' ? [...own, minio.name] : own,
      ]);
    }
  });

  it('the operator reaches every job, on that port only, and nobody else does', () => {
    expect(reached(operator, RPC).filter((name) => ofJobs.some((pod) => pod.name === name))).toEqual(
      ofJobs.map(nameOf),
    );
    for (const pod of ofJobs) {
      const allowed = everybody.filter((from) => from !== pod && connects(policies, from, pod, RPC));
      const own = Object.values(roles).find((all) => all.includes(pod))!;
      expect(allowed.map(nameOf).sort()).toEqual(
        [...own.filter((one) => one !== pod), operator].map(nameOf).sort(),
      );
      for (const port of [22, 80, 443, 7069, 7071, 8080]) {
        expect(everybody.some((from) => from !== pod && connects(policies, from, pod, tcp(port)))).toBe(
          false,
        );
      }
    }
  });

  it('name servers are reached at their pods, by both protocols', () => {
    for (const pod of ofJobs) {
      for (const protocol of ['TCP', 'UDP'] as const) {
        for (const port of [53, 5353]) {
          expect(connects(policies, pod, names, { protocol, port })).toBe(true);
        }
      }
      expect(connects(policies, pod, names, { protocol: 'UDP', port: 54 })).toBe(false);
    }
  });

  it.each([
    // [job, reaches the store's pods at 9000, at 5432, the outside at 443, at 80]
    ['lung', false, false, false, false],
    ['stored', true, true, true, false],
    ['narrow', true, false, true, false],
    ['amazon', false, false, true, false],
    ['literal', false, false, false, false],
  ] as const)(
    'of %s the store, and outside the cluster what it is at',
    (name, at9000, at5432, at443, at80) => {
      const outside = others.at(-1)!;
      for (const pod of roles[name]) {
        expect([
          connects(policies, pod, minio, tcp(9000)),
          connects(policies, pod, minio, tcp(5432)),
          connects(policies, pod, outside, tcp(443)),
          connects(policies, pod, outside, tcp(80)),
        ]).toEqual([at9000, at5432, at443, at80]);
      }
    },
  );

  it('the metadata services of clouds are reached by nobody, and the store beside them is', () => {
    const at = (address: string): Endpoint => ({ name: 'metadata', labels: {}, address });
    const services = ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16'];
    for (const pod of ofJobs) {
      for (const address of [...services, 'fd00:ec2::254', 'fe80::a9fe:a9fe']) {
        for (const port of [80, 443, 9000]) {
          expect([address, port, connects(policies, pod, at(address), tcp(port))]).toEqual([
            address,
            port,
            false,
          ]);
        }
      }
    }
    for (const pod of roles.amazon) {
      expect(connects(policies, pod, at('169.253.255.255'), tcp(443))).toBe(true);
      expect(connects(policies, pod, at('2600::1'), tcp(443))).toBe(true);
    }
  });

  it('a store at an address of IPv6 is reached there and nowhere beside it', () => {
    const at = (address: string): Endpoint => ({ name: 'store', labels: {}, address });
    for (const pod of roles.literal) {
      expect(connects(policies, pod, at('2001:db8::9'), tcp(9000))).toBe(true);
      expect(connects(policies, pod, at('2001:db8::9'), tcp(443))).toBe(false);
      expect(connects(policies, pod, at('2001:db8::a'), tcp(9000))).toBe(false);
    }
  });
});
