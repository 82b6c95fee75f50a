import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withoutChatter } from './quiet-load.ts';

describe('the output of TensorFlow while it is loaded', () => {
  it('loses information and warnings, but keeps errors and the output of others', () => {
    const kept = [
      'E0000 00:00:1795985162.690950   16161 cuda_dnn.cc:8579] Unable to register cuDNN factory',
      'F0000 00:00:1795985162.690950   16161 cpu_feature_guard.cc:88] compiled to use AVX instructions',
      '{"level":"info","message":"worker ready"}',
      'WARNING: the disk is nearly full',
      'In the end',
      '',
    ];
    const chatter = [
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
      'I0000 00:00:1795985162.690950   16161 port.cc:153] oneDNN custom operations are on.',
      'W1129 20:46:02.690950   16161 port.cc:153] Something.',
    ];
    expect(withoutChatter([chatter[0], kept[0], chatter[1], chatter[2], ...kept.slice(1)].join('\n'))).toBe(
      kept.join('\n'),
    );
  });

  const output = async (level?: string): Promise<string> => {
    const { TF_CPP_MIN_LOG_LEVEL: _inherited, ...environment } = process.env;
    const loading = fileURLToPath(new URL('binding.ts', import.meta.url));
    const program = `
      const { loadBinding } = await import(${JSON.stringify(loading)});
      process.stdout.write(loadBinding({ threads: 1, device: 'cpu' }).TF_Version + '\\n');
      process.stderr.write('the end\\n');`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program],
      { env: level === undefined ? environment : { ...environment, TF_CPP_MIN_LOG_LEVEL: level } },
    );
    expect(stdout).toMatch(/^2\.\d+\.\d+\n$/);
    return stderr;
  };

  it('is empty in a process of its own, unless the user asks for it', async () => {
    expect(await output()).toBe('the end\n');
    expect(await output('0')).toMatch(/oneDNN[^]*the end\n$/);
  });
});
