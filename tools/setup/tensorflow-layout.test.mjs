// @ts-check
import { describe, expect, it } from '@jest/globals';
import { tensorflowLayout, tensorflowPlace } from './tensorflow-layout.mjs';
import { TENSORFLOW_VERSION } from './versions.mjs';

describe('the layout of TensorFlow', () => {
  it('is one wheel on a CPU', () => {
    const projects = (/** @type {import('./versions.mjs').Platform} */ platform) =>
      tensorflowLayout('cpu', platform).wheels.map(({ project, version }) => `${project} ${version}`);
    expect(projects('linux-x64')).toEqual([`tensorflow-cpu ${TENSORFLOW_VERSION}`]);
    expect(projects('linux-arm64')).toEqual([`tensorflow ${TENSORFLOW_VERSION}`]);
  });

  it("is TensorFlow's GPU wheel and NVIDIA's libraries on a GPU", () => {
    const projects = tensorflowLayout('gpu', 'linux-x64').wheels.map(({ project }) => project);
    expect(projects[0]).toBe('tensorflow');
    const needed = [
      'cublas',
      'cuda-cupti',
      'cuda-nvcc',
      'cuda-nvrtc',
      'cuda-runtime',
      'cudnn',
      'cufft',
      'curand',
      'cusolver',
      'cusparse',
      'nccl',
      'nvjitlink',
    ];
    expect(projects.slice(1)).toEqual(needed.map((name) => `nvidia-${name}-cu12`));
  });

  it.each(
    /** @type {const} */ ([
      ['gpu', 'linux-arm64'],
      ['cpu', 'darwin-arm64'],
      ['gpu', 'darwin-arm64'],
    ]),
  )('says that there is none (%s, %s)', (variant, platform) =>
    expect(() => tensorflowLayout(variant, platform)).toThrow(`(${variant}) is not served for ${platform}`),
  );

  it.each([
    ['tensorflow/libtensorflow_cc.so.2', 'lib/libtensorflow_cc.so.2'],
    ['tensorflow/libtensorflow_framework.so.2', 'lib/libtensorflow_framework.so.2'],
    ['tensorflow/include/tensorflow/c/c_api.h', 'include/tensorflow/c/c_api.h'],
    ['tensorflow/include/tensorflow/c/eager/c_api.h', 'include/tensorflow/c/eager/c_api.h'],
    ['tensorflow/include/xla/tsl/c/tsl_status.h', 'include/xla/tsl/c/tsl_status.h'],
    ['tensorflow/include/tsl/platform/ctstring_internal.h', 'include/tsl/platform/ctstring_internal.h'],
    ['tensorflow/include/tensorflow/core/platform/ctstring.h', 'include/tensorflow/core/platform/ctstring.h'],
    ['tensorflow_cpu-2.21.0.dist-info/licenses/LICENSE', 'licenses/tensorflow_cpu-2.21.0/LICENSE'],
    ['nvidia/cudnn/lib/libcudnn.so.9', 'nvidia/cudnn/lib/libcudnn.so.9'],
    ['nvidia/cuda_nvcc/bin/ptxas', 'nvidia/cuda_nvcc/bin/ptxas'],
    ['nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc', 'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc'],
  ])('puts %s where the libraries expect it', (name, place) => expect(tensorflowPlace(name)).toBe(place));

  it.each([
    'tensorflow/python/lib_pywrap_tensorflow_common.so',
    'tensorflow/include/Eigen/Core',
    'tensorflow/include/tensorflow/core/framework/tensor.h',
    'tensorflow/other/libtensorflow_cc.so.2',
    'nvidia/cudnn/include/cudnn.h',
    'nvidia/cudnn/__init__.py',
    'tensorflow_cpu-2.21.0.dist-info/RECORD',
  ])('omits %s', (name) => expect(tensorflowPlace(name)).toBeUndefined());
});
