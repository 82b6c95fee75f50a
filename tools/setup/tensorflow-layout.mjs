// @ts-check
/**
 * Which files of which wheels make up a TensorFlow for the binding, and where they go. The GPU build differs by its
 * wheels only: NVIDIA's libraries come to lie where TensorFlow's own run path ($ORIGIN/../nvidia/NAME/lib) looks.
 */
import { SetupError } from './setup-error.mjs';
import { TENSORFLOW_VERSION, TENSORFLOW_WHEELS } from './versions.mjs';

/** @typedef {import('./versions.mjs').Platform} Platform */
/** @typedef {import('./versions.mjs').TensorFlowVariant} TensorFlowVariant */

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** The names under which the binding is linked, to the libraries as the wheels name them. */
export const LIBRARY_LINKS = /** @type {const} */ ({
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
});

/** The C interface and what it includes: 66 of the wheel's 13,000 headers. */
const HEADERS = [
  /^tensorflow\/include\/(tensorflow\/c\/.+\.h)$/,
  /^tensorflow\/include\/(xla\/tsl\/c\/.+\.h)$/,
  /^tensorflow\/include\/((?:tensorflow\/core|tsl)\/platform\/ctstring\w*\.h)$/,
];

/**
 * Wheels to fetch and disk to have at the height of it, in bytes.
 * @param {TensorFlowVariant} variant @param {Platform} platform
 */
export function tensorflowLayout(variant, platform) {
  const wheels = TENSORFLOW_WHEELS[variant][platform];
  if (wheels !== undefined) return { wheels, diskBytes: variant === 'gpu' ? 9e9 : 1.5e9 };
  const others =
    variant === 'gpu'
      ? 'WSI_TENSORFLOW=cpu, or a Linux x64 machine'
      : 'the container image, or a Linux machine';
  throw new SetupError(
    `TensorFlow ${TENSORFLOW_VERSION} (${variant}) is not served for ${platform}.`,
    `Use ${others}. For work without training, WSI_TENSORFLOW=none leaves it out.`,
  );
}

/**
 * Where a file of a wheel goes.
 * @param {string} name
 * @returns {string | undefined}
 */
export function tensorflowPlace(name) {
  const [folder = '', file = ''] = splitOnce(name);
  if (folder === 'tensorflow' && LIBRARIES.includes(file)) return `lib/${file}`;
  for (const pattern of HEADERS) {
    const header = pattern.exec(name)?.[1];
    if (header !== undefined) return `include/${header}`;
  }
  if (folder === 'nvidia') return /\/include\/|\.(a|h|py|hpp)$/.test(name) ? undefined : name;
  const license = /^([^/]+)\.dist-info\/(?:licenses\/)?((?:LICENSE|License|NOTICE|THIRD_PARTY)[^/]*)$/.exec(
    name,
  );
  return license ? `licenses/${license[1]}/${license[2]}` : undefined;
}

/** @param {string} path */
function splitOnce(path) {
  const slash = path.indexOf('/');
  return slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
}
