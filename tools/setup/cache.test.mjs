// @ts-check
import { describe, expect, it } from '@jest/globals';
import {
  bindingDirectory,
  cacheDirectory,
  digest,
  nodeDirectory,
  pythonDirectory,
  tensorflowDirectory,
} from './cache.mjs';

describe('the cache', () => {
  it.each([
    [{ WSI_CACHE: '/a/b', XDG_CACHE_HOME: '/x', HOME: '/home/me' }, '/a/b'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/home/me' }, '/x/wsi-operator'],
    [{ HOME: '/home/me' }, '/home/me/.cache/wsi-operator'],
    [{ WSI_CACHE: '', HOME: '/home/me' }, '/home/me/.cache/wsi-operator'],
  ])('is where the environment %p says', (env, directory) => {
    expect(cacheDirectory(env)).toBe(directory);
  });

  it('has different entries for different contents', () => {
    const entries = [
      nodeDirectory('/c', 'linux-x64'),
      nodeDirectory('/c', 'linux-arm64'),
      tensorflowDirectory('/c', 'linux-x64', 'cpu'),
      tensorflowDirectory('/c', 'linux-x64', 'gpu'),
      bindingDirectory('/c', 'linux-x64', 'g++ 12.2.0'),
      bindingDirectory('/c', 'linux-x64', 'clang++ 12.2.0'),
      pythonDirectory('/c', 'linux-x64', 'python-reference', ['numpy==1']),
      pythonDirectory('/c', 'linux-x64', 'python-reference', ['numpy==2']),
      pythonDirectory('/c', 'linux-x64', 'python-bench', ['numpy==2']),
    ];
    expect(new Set(entries).size).toBe(entries.length);
  });

  it('identifies a compiler whatever its name', () => {
    const directory = bindingDirectory('/c', 'linux-x64', 'x86_64-linux-gnu-g++ 12.2.0 (odd/name)');
    expect(directory).toMatch(/^\/c\/binding\/[\w.+-]+$/);
  });

  it('digests a list of parts, not their concatenation', () => {
    expect(digest('ab', 'c')).not.toBe(digest('a', 'bc'));
    expect(digest('ab')).toBe(digest(Buffer.from('ab')));
    expect(digest('')).not.toBe(digest());
  });
});
