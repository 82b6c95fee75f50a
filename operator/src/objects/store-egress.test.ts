import { describe, expect, it } from '@jest/globals';
import { buildJob, type JobChoices } from '../testing/builders.ts';
import { storeRules } from './store-egress.ts';

const egress = (choices: JobChoices): unknown[] => storeRules(buildJob(choices));

describe('the way out to the store of a cohort', () => {
  const tcp = (...ports: number[]): object => ({ ports: ports.map((port) => ({ protocol: 'TCP', port })) });
  const metadata = {
    ipv4: ['169.254.0.0/16', '100.100.100.200/32', '192.0.0.192/32', '168.63.129.16/32'],
    ipv6: ['fe80::/10', 'fd00:ec2::/32', 'fd20:ce::254/128'],
  };
  const anywhere = (...ports: number[]): object => ({
    to: [
      { namespaceSelector: {} },
      { ipBlock: { cidr: '0.0.0.0/0', except: metadata.ipv4 } },
      { ipBlock: { cidr: '::/0', except: metadata.ipv6 } },
    ],
    ...tcp(...ports),
  });
  const everyPortOf = (namespace: string): object => ({
    to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }],
  });
  const at = (endpoint: string, podPorts?: number[]): JobChoices['cohort'] => ({
    slides: 's3://slides',
    s3: { endpoint, forcePathStyle: true, ...(podPorts === undefined ? {} : { podPorts }) },
  });

  it.each([
    ['no store', {}, []],
    ['Amazon', { slides: 's3://slides' }, [anywhere(443)]],
    ['a store outside the cluster', at('https://s3.example.org:8443'), [anywhere(8443)]],
    ['a Service', at('https://minio.tenant.svc'), [anywhere(443), everyPortOf('tenant')]],
    ['its whole name', at('http://rgw.rook.svc.cluster.local:80/'), [anywhere(80), everyPortOf('rook')]],
    ['its short name', at('http://minio.storage:9000'), [anywhere(9000), everyPortOf('storage')]],
    ['one of the same namespace', at('http://minio:9000'), [anywhere(9000), everyPortOf('default')]],
    ['a Service whose pods listen elsewhere', at('https://minio.tenant.svc', [9000]), [anywhere(443, 9000)]],
    ['a store beside the reader', at('http://localhost:9000'), [anywhere(9000)]],
    [
      'an address outside the cluster',
      at('http://203.0.113.7'),
      [{ to: [{ ipBlock: { cidr: '203.0.113.7/32' } }], ...tcp(80) }],
    ],
    [
      'an address that may be a Service',
      at('http://10.1.2.3:9000'),
      [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }, { namespaceSelector: {} }], ...tcp(9000) }],
    ],
    [
      'an address of IPv6',
      at('https://[2001:db8::5]:9000'),
      [{ to: [{ ipBlock: { cidr: '2001:db8::5/128' } }], ...tcp(9000) }],
    ],
    [
      'an address of IPv4 in the words of IPv6',
      at('http://[::ffff:203.0.113.7]'),
      [{ to: [{ ipBlock: { cidr: '203.0.113.7/32' } }], ...tcp(80) }],
    ],
    ['a link-local address', at('http://169.254.169.254'), []],
    ['the same in other words', at('https://[::ffff:a9fe:a9fe]:80'), []],
    [
      'a link-local address that is allowed',
      {
        slides: 's3://slides',
        s3: { endpoint: 'http://169.254.1.1', forcePathStyle: true, linkLocal: true },
      },
      [{ to: [{ ipBlock: { cidr: '169.254.1.1/32' } }], ...tcp(80) }],
    ],
    [
      'a name that may lead there',
      {
        slides: 's3://slides',
        s3: { endpoint: 'https://s3.example.org', forcePathStyle: true, linkLocal: true },
      },
      [tcp(443)],
    ],
    ['an address that is none', at('https://1.2.3.4.5'), [anywhere(443)]],
    ['a store that is not used', { s3: { endpoint: 'https://s3.example.org', forcePathStyle: true } }, []],
  ])('with %s', (_, cohort, expected) => expect(egress({ cohort: cohort ?? {} })).toEqual(expected));

  it("goes by a template's endpoint where the job names none", () => {
    const env = [{ name: 'AWS_ENDPOINT_URL_S3', value: 'http://minio.store.svc:9000' }];
    const worker = { spec: { containers: [{ name: 'trainer', env }] } };
    expect(egress({ cohort: { slides: 's3://slides' }, templates: { worker } })).toEqual([
      anywhere(9000),
      everyPortOf('store'),
    ]);
  });

  it("opens no way to a metadata service that a template names, of the trainer's container or one beside it", () => {
    for (const name of ['trainer', 'beside']) {
      const env = [{ name: 'AWS_ENDPOINT_URL', value: 'http://169.254.169.254' }];
      const worker = { spec: { containers: [{ name: 'trainer' }, { name, env }] } };
      expect(egress({ cohort: { slides: 's3://slides' }, templates: { worker } })).toEqual([]);
    }
  });
});
