import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { librarySettings } from './library-settings.ts';

const gpu = { threads: 2, device: 'gpu' } as const;
const cpu = { threads: 2, device: 'cpu' } as const;

describe('the settings of the library', () => {
  it('fix threads and kernels, and on a GPU full float32, deterministic operations and growing memory', () => {
    const common = {
      TF_NUM_INTRAOP_THREADS: '2',
      TF_NUM_INTEROP_THREADS: '1',
      TF_ENABLE_ONEDNN_OPTS: '1',
      TF_CPP_MIN_LOG_LEVEL: '2',
    };
    expect(librarySettings(cpu, {})).toEqual({
      variables: { ...common, CUDA_VISIBLE_DEVICES: '-1' },
      notices: [],
    });
    expect(librarySettings(gpu, {})).toEqual({
      variables: {
        ...common,
        NVIDIA_TF32_OVERRIDE: '0',
        TF_DETERMINISTIC_OPS: '1',
        TF_CUDNN_DETERMINISTIC: '1',
        TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      },
      notices: [],
    });
  });

  it.each([
    ['NVIDIA_TF32_OVERRIDE', '1'],
    ['TF_DETERMINISTIC_OPS', '0'],
    ['TF_DETERMINISTIC_OPS', 'false'],
    ['TF_CUDNN_DETERMINISTIC', '0'],
    ['TF_XLA_FLAGS', '--tf_xla_auto_jit=2'],
  ])('refuse %s=%s on a GPU, and do not mind it on a CPU', (name, value) => {
    const environment = { [name]: value };
    expect(() => librarySettings(gpu, environment)).toThrow(`${name}=${value}`);
    expect(() => librarySettings(gpu, environment)).toThrow(`Unset ${name}`);
    expect(librarySettings(cpu, environment).notices).toEqual([]);
  });

  it('accept what says the same in other words', () => {
    const same = { TF_DETERMINISTIC_OPS: 'TRUE', TF_CUDNN_DETERMINISTIC: 'true', NVIDIA_TF32_OVERRIDE: '0' };
    expect(librarySettings(gpu, same)).toEqual(librarySettings(gpu, {}));
  });

  it('leave the growth of memory and the log to the user, and tell what that means', () => {
    const own = { TF_FORCE_GPU_ALLOW_GROWTH: 'false', TF_CPP_MIN_LOG_LEVEL: '0' };
    const { variables, notices } = librarySettings(gpu, own);
    expect(variables).toMatchObject(own);
    expect(notices).toEqual([
      expect.stringContaining('TF_FORCE_GPU_ALLOW_GROWTH=false of the environment counts'),
    ]);
  });

  it('tell what of the environment does not count', () => {
    const { variables, notices } = librarySettings(cpu, {
      TF_ENABLE_ONEDNN_OPTS: '0',
      TF_NUM_INTRAOP_THREADS: '2',
    });
    expect(variables['TF_ENABLE_ONEDNN_OPTS']).toBe('1');
    expect(notices).toEqual([
      expect.stringContaining('TF_ENABLE_ONEDNN_OPTS=0 of the environment does not count'),
    ]);
  });
});

/** What the environment of a process says after it has started an engine for GPUs, with or without success. */
async function afterStart(
  more: NodeJS.ProcessEnv,
): Promise<{ failure: string; set: Record<string, string> }> {
  const names = [
    'NVIDIA_TF32_OVERRIDE',
    'TF_DETERMINISTIC_OPS',
    'TF_FORCE_GPU_ALLOW_GROWTH',
    'CUDA_VISIBLE_DEVICES',
  ];
  const engine = new URL('../engine.ts', import.meta.url).href;
  const program = `(async () => {
    const { Engine } = await import(${JSON.stringify(engine)});
    const network = { encoder: { name: 'tiny' }, aggregator: { name: 'mean' }, tileSize: 32 };
    const started = await Engine.start({ network, threads: 1, device: 'gpu' }).catch((error) => error.message);
    const { environmentVariables } = process.report.getReport();
    const set = Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, environmentVariables[name]]));
    const failure = typeof started === 'string' ? started : '';
    if (failure === '') await started.close();
    process.stdout.write(JSON.stringify({ failure, set }));
  })();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', program], {
    env: { PATH: process.env['PATH'], ...more },
  });
  return JSON.parse(stdout) as { failure: string; set: Record<string, string> };
}

describe('a process that computes on a GPU', () => {
  it('has them in its own environment, and the device that it was given, before the library is asked for GPUs', async () => {
    const { failure, set } = await afterStart({ CUDA_VISIBLE_DEVICES: 'GPU-0001' });
    // The library for processors, and one for GPUs without a device, know none only after they were loaded.
    expect(failure).toContain('TensorFlow sees no GPU.');
    expect(set).toEqual({
      NVIDIA_TF32_OVERRIDE: '0',
      TF_DETERMINISTIC_OPS: '1',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      CUDA_VISIBLE_DEVICES: 'GPU-0001',
    });
  });

  it('does not load the library under a setting that would change its numbers', async () => {
    const { failure, set } = await afterStart({ NVIDIA_TF32_OVERRIDE: '1' });
    expect(failure).toContain('NVIDIA_TF32_OVERRIDE=1 of the environment would change the bits');
    expect(set['TF_DETERMINISTIC_OPS']).toBeUndefined();
  });
});
