import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { buildJob, type JobChoices } from '../../testing/builders.ts';
import { assignGpus, gpuVariables, type GpuAssignment } from './gpu-assignment.ts';

const gpu = { WSI_TENSORFLOW: 'gpu' };
const withEnv = (env: object[], choices: JobChoices = {}): WsiTrainingJob =>
  buildJob({ ...choices, templates: { worker: { spec: { containers: [{ name: 'trainer', env }] } } } });

async function assigned(
  job: WsiTrainingJob,
  environment: Record<string, string>,
): Promise<{ devices: GpuAssignment | undefined; notices: string[] }> {
  const notices: string[] = [];
  const devices = await assignGpus({ job, environment, onNotice: (notice) => notices.push(notice) });
  return { devices, notices };
}

describe('the GPUs of a run', () => {
  it('are handed out to its workers in turns, and hidden from the other roles', async () => {
    const environment = { ...gpu, CUDA_VISIBLE_DEVICES: '4,6' };
    const { devices: gpus } = await assigned(buildJob({ workers: 3 }), environment);
    const seen = (role: 'coordinator' | 'server' | 'worker', index: number): unknown =>
      gpuVariables(gpus, { role, index })['CUDA_VISIBLE_DEVICES'];
    expect([0, 1, 2].map((index) => seen('worker', index))).toEqual(['4', '6', '4']);
    expect([seen('coordinator', 0), seen('server', 1)]).toEqual(['-1', '-1']);
  });

  it('are not looked for in a run on processors, whatever the environment says of devices', async () => {
    const job = buildJob();
    for (const environment of [{}, { WSI_TENSORFLOW: 'cpu' }, { CUDA_VISIBLE_DEVICES: 'nonsense' }]) {
      const gpus = await assignGpus({ job, environment });
      expect(gpus).toBeUndefined();
      expect(gpuVariables(gpus, { role: 'worker', index: 0 })).toEqual({});
    }
    const cpu = withEnv([{ name: 'WSI_TENSORFLOW', value: 'cpu' }]);
    expect(await assignGpus({ job: cpu, environment: gpu })).toBeUndefined();
  });

  it('are left to the template that names them, which also says that a run is on GPUs', async () => {
    const named = withEnv([
      { name: 'WSI_TENSORFLOW', value: 'gpu' },
      { name: 'CUDA_VISIBLE_DEVICES', value: '7' },
    ]);
    const gpus = await assigned(named, { CUDA_VISIBLE_DEVICES: '0,1' });
    expect(gpus).toEqual({ devices: [], notices: [] });
    expect(gpuVariables(gpus.devices, { role: 'worker', index: 0 })).toEqual({});
  });

  it('are shared with a notice when the workers, or those that it may scale to, are more', async () => {
    const two = { ...gpu, CUDA_VISIBLE_DEVICES: '0,1' };
    const notices = async (job: WsiTrainingJob): Promise<string[]> => (await assigned(job, two)).notices;
    expect(await notices(buildJob({ workers: 2 }))).toEqual([]);
    expect(await notices(buildJob({ workers: 3 }))).toEqual([
      expect.stringMatching(/^3 workers share 2 GPUs: .* With --workers 2 each has one of its own$/),
    ]);
    const scaled = buildJob({ workers: 1, autoscaling: { maximumWorkers: 4 } });
    expect(await notices(scaled)).toEqual([
      expect.stringMatching(/^4 workers share 2 GPUs.* autoscaling.maximumWorkers: 2 /),
    ]);
  });

  it('are a single one for all, with a notice, where no program lists them', async () => {
    const nowhere = { ...gpu, PATH: '/nowhere' };
    const several = await assigned(buildJob({ workers: 2 }), nowhere);
    expect(several).toEqual({ devices: [], notices: [expect.stringContaining('no nvidia-smi')] });
    expect(await assigned(buildJob({ workers: 1 }), nowhere)).toEqual({ devices: [], notices: [] });
  });
});
