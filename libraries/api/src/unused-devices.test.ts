import { describe, expect, it } from '@jest/globals';
import { formatProblem } from './schema/problem.ts';
import { unusedDevices } from './unused-devices.ts';

type Role = 'coordinator' | 'parameterServers' | 'workers';

const asking = (role: Role, resources: object, container = 'trainer'): never => {
  const template = { spec: { containers: [{ name: 'proxy' }, { name: container, resources }] } };
  const roles = {
    coordinator: { template: {} },
    parameterServers: { template: {} },
    workers: { replicas: 2, template: {} },
  };
  return { spec: { ...roles, [role]: { ...roles[role], template } } } as never;
};
const said = (...job: Parameters<typeof asking>): string[] =>
  unusedDevices(asking(...job)).map(formatProblem);

describe('devices that nothing computes on', () => {
  it.each([
    [
      'four whole GPUs',
      { limits: { 'nvidia.com/gpu': 4 } },
      /asks for 4 devices \(nvidia.com\/gpu: 4\) .* others are idle. Ask for 1 .* \(workers.replicas: 8\)/,
    ],
    ['a number as text', { limits: { 'nvidia.com/gpu': '2', cpu: '8' } }, /asks for 2 devices/],
    ['requests alone', { requests: { 'nvidia.com/gpu': 2 } }, /asks for 2 devices/],
    [
      'slices of two profiles',
      { limits: { 'nvidia.com/mig-1g.10gb': 1, 'nvidia.com/mig-3g.40gb': 1 } },
      /asks for 2 devices \(nvidia.com\/mig-1g.10gb: 1, nvidia.com\/mig-3g.40gb: 1\)/,
    ],
    [
      'GPUs of another vendor',
      { limits: { 'amd.com/gpu': 1 } },
      /asks for amd.com\/gpu: 1, on which TensorFlow does not compute/,
    ],
  ])('are reported for a worker with %s', (_what, resources, says) => {
    expect(said('workers', resources)).toEqual([
      expect.stringMatching(
        new RegExp(`^spec.workers.template.spec.containers\\[1\\].resources: each worker ${says.source}`),
      ),
    ]);
  });

  it.each(['coordinator', 'parameterServers'] as const)('are any device of the %s', (role) => {
    expect(said(role, { limits: { 'nvidia.com/gpu': 1 } })).toEqual([
      expect.stringMatching(new RegExp(`^spec.${role}.* asks for nvidia.com/gpu: 1 and computes on none`)),
    ]);
  });

  it.each([
    [
      'one GPU, in limits and requests',
      { limits: { 'nvidia.com/gpu': 1 }, requests: { 'nvidia.com/gpu': '1' } },
    ],
    ['one slice', { limits: { 'nvidia.com/mig-1g.10gb': 1 } }],
    ['none', { limits: { 'nvidia.com/gpu': 0, memory: '4Gi', 'example.org/nic': 4 } }],
    ['what Kubernetes refuses', { limits: { 'nvidia.com/gpu': 'many' } }],
  ])('are none for a worker with %s', (_what, resources) => {
    expect(said('workers', resources)).toEqual([]);
  });

  it('are not those of a container beside the role', () => {
    expect(said('workers', { limits: { 'nvidia.com/gpu': 4 } }, 'viewer')).toEqual([]);
  });
});
