import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { devicePool, listGpus, parseGpuList } from './gpu-list.ts';
import { deviceOfProcess, visibleDevices } from './gpu-pool.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-gpus-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A folder for the PATH in which `nvidia-smi` says this and ends so; the machine of the tests has no GPU. */
function machine(name: string, says: string, code = 0): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(directory, `${name}-`));
  writeFileSync(join(folder, 'answer'), says === '' ? '' : `${says}\n`);
  const script = `#!/bin/sh\nwhile IFS= read -r line; do printf '%s\\n' "$line"; done < '${folder}/answer'\nexit ${code}\n`;
  writeFileSync(join(folder, 'nvidia-smi'), script, { mode: 0o755 });
  return { PATH: folder };
}

const TWO = [
  'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)',
  'GPU 1: Tesla T4 (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)',
  '',
].join('\n');

/** As a driver lists two divided GPUs and a whole one, in the form of now and in that of drivers before 470. */
const SLICED = [
  'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)',
  '  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)',
  '  MIG 1g.5gb      Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)',
  'GPU 1: A100-SXM4-40GB (UUID: GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0)',
  '  MIG 7g.40gb Device 0: (UUID: MIG-GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0/0/0)',
  'GPU 2: NVIDIA GeForce RTX 3090 Ti (UUID: GPU-8932f937-d72c-4106-c12f-20bd9faed9f6)',
].join('\n');

describe('the GPUs of a machine', () => {
  it('are those that the driver lists, in its order', async () => {
    expect(await listGpus({ environment: machine('two', TWO) })).toEqual([
      { id: 'GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f', name: 'NVIDIA A100-SXM4-40GB' },
      { id: 'GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77', name: 'Tesla T4' },
    ]);
  });

  it('are the slices of a divided GPU in its place', () => {
    expect(parseGpuList(SLICED)).toEqual([
      { id: 'MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f', name: 'NVIDIA A100-SXM4-40GB, MIG 3g.20gb' },
      { id: 'MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb', name: 'NVIDIA A100-SXM4-40GB, MIG 1g.5gb' },
      { id: 'MIG-GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0/0/0', name: 'A100-SXM4-40GB, MIG 7g.40gb' },
      { id: 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', name: 'NVIDIA GeForce RTX 3090 Ti' },
    ]);
    const warned = `WARNING: infoROM is corrupted at gpu 0000:02:00.0\r\n${TWO.replaceAll('\n', '\r\n')}`;
    expect(parseGpuList(warned)).toHaveLength(2);
  });

  it.each([
    [
      'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54',
      18,
      /restart the machine/,
    ],
    [
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
      9,
      /Install NVIDIA's driver/,
    ],
    ['Failed to initialize NVML: Unknown Error', 255, /Start the container anew/],
    ['No devices were found', 6, /--gpus all/],
    ['No devices were found', 0, /--gpus all/],
    [
      'Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.  Reboot the system',
      15,
      /restart/,
    ],
    ['', 0, /lists no GPU/],
    ['', 3, /repair the driver/],
  ])('are not known when the driver says "%s" (%d), with what helps', async (says, code, helps) => {
    const failure = listGpus({ environment: machine('broken', says, code) });
    await expect(failure).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(helps),
    });
    // The driver's own words are for whoever has to repair it.
    if (says !== '') await expect(failure).rejects.toThrow(says.slice(0, 40));
  });
});

describe('the pool of devices for several processes', () => {
  it('is what the user names, or what the driver lists, or unknown without its program', async () => {
    const two = machine('pool', TWO);
    expect(await devicePool({ ...two, CUDA_VISIBLE_DEVICES: '3, 1,3' })).toEqual(['3', '1']);
    expect(await devicePool(two)).toHaveLength(2);
    expect(await devicePool({ PATH: directory })).toBeUndefined();
    const broken = machine('broken', 'Failed to initialize NVML: Driver/library version mismatch', 18);
    await expect(devicePool(broken)).rejects.toThrow('version mismatch');
  });

  it('takes numbers, UUIDs, their beginnings and slices', () => {
    for (const list of [
      ['0', '1'],
      ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', 'GPU-5c89'],
      ['MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f', 'MIG-GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0/0/0'],
    ])
      expect(visibleDevices(list.join(','))).toEqual(list);
    expect(visibleDevices(undefined)).toBeUndefined();
  });

  it.each([
    ['', /hides all GPUs/],
    ['-1', /hides all GPUs/],
    ['NoDevFiles', /hides all GPUs/],
    ['0,-1,2', /"-1" in it, which names no GPU/],
    ['all', /"all" in it/],
    ['0,,1', /"" in it/],
    ['0;1', /"0;1" in it/],
  ])('refuses CUDA_VISIBLE_DEVICES="%s", of which CUDA would use a part or nothing', (setting, says) => {
    expect(() => visibleDevices(setting)).toThrow(says);
  });

  it('gives each process one device, in turns', () => {
    const devices = [0, 1, 2, 3, 4].map((index) => deviceOfProcess(['a', 'b'], index));
    expect(devices).toEqual(['a', 'b', 'a', 'b', 'a']);
    expect(deviceOfProcess([], 3)).toBeUndefined();
  });
});
