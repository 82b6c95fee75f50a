import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '@wsi-operator/foundation';
import { UsageMeter } from '../usage.ts';
import { DeviceMemory } from './device-memory.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-device-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A program that answers as `nvidia-smi` does; the machine of the tests has no such device. */
async function asked(processes: string, devices: string): Promise<UsageMeter> {
  const program = join(directory, `smi-${processes.length}-${devices.length}`);
  const script = `#!/bin/sh\ncase "$1" in\n*compute-apps*) printf '${processes}';;\n*) printf '${devices}';;\nesac\n`;
  await writeFile(program, script, { mode: 0o755 });
  const usage = new UsageMeter();
  const memory = new DeviceMemory(usage, createLogger({ role: 'test' }), program);
  await memory.measure();
  return usage;
}

it('the device memory is that of this process on all devices', async () => {
  const usage = await asked(`1, 7000\\n${process.pid}, 1000\\n${process.pid}, 24\\n`, '9000\\n');
  expect(usage.deviceBytes).toBe(1024 * 2 ** 20);
  expect(usage.devicePeakBytes).toBe(1024 * 2 ** 20);
});

it('the device memory is that of the visible devices in a container without process information', async () => {
  expect((await asked('', '512\\n[N/A]\\n256\\n')).deviceBytes).toBe(768 * 2 ** 20);
});

it('the device memory is absent, with a single warning, without an answer', async () => {
  const usage = new UsageMeter();
  const memory = new DeviceMemory(usage, createLogger({ role: 'test' }), join(directory, 'absent'));
  await memory.measure();
  expect(usage.deviceBytes).toBe(0);
});
