// @ts-check
/**
 * For the tests: a repository of nothing but the set-up, in a temporary folder with its own cache, on a PATH of chosen
 * programs. Its npm is a program of a few lines that "installs" what it is asked for; so the set-up's own process, its
 * lock, its stamps and its interruptions are the real ones, and no network is needed.
 */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './command.mjs';
import { NODE_VERSION } from './versions.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Does what npm does as far as the set-up sees; NPM_FAULT makes it fail or hang as npm would. */
const STAND_IN_NPM = `#!/usr/bin/env node
const fs = require('node:fs');
const { NPM_CALLS, NPM_FAULT } = process.env;
const { name, dependencies = {} } = JSON.parse(fs.readFileSync('package.json', 'utf8'));
fs.mkdirSync('node_modules', { recursive: true });
fs.appendFileSync(NPM_CALLS, name + ' ' + process.pid + '\\n');
if (NPM_FAULT === 'network') {
  console.error('npm error code ENOTFOUND\\nnpm error request to the registry failed');
  process.exit(1);
}
if (NPM_FAULT === 'disk') {
  console.error('npm error code ENOSPC\\nnpm error nospc There appears to be insufficient space on your system');
  process.exit(1);
}
for (const dependency of Object.keys(dependencies)) {
  const folder = 'node_modules/' + dependency;
  fs.mkdirSync(folder + '/bin', { recursive: true });
  fs.mkdirSync(folder + '/include', { recursive: true });
  fs.writeFileSync(folder + '/LICENSE', '');
  fs.writeFileSync(folder + '/bin/node', '#!/bin/sh\\n[ "$1" = --version ] && { echo v${NODE_VERSION}; exit; }\\nexec ${process.execPath} "$@"\\n');
}
if (process.argv[2] === 'install') fs.writeFileSync('node_modules/.package-lock.json', NPM_FAULT === 'wrong' ? '{"packages":{"node_modules/x":{"version":"1.0.0"}}}' : '{"packages":{}}');
setTimeout(() => {}, NPM_FAULT === 'hang' ? 60000 : 200);
`;

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string }} Ending */

export class ScratchRepository {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'wsi-setup-test-'));
    this.root = join(this.folder, 'repository');
    this.cache = join(this.folder, 'cache');
    this.bin = join(this.folder, 'bin');
    this.calls = join(this.folder, 'npm-calls');
    for (const folder of [join(this.root, 'tools/setup'), this.bin]) mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(HERE).filter(
      (name) => /\.(mjs|py|txt)$/.test(name) && !name.includes('.test.'),
    )) {
      copyFileSync(join(HERE, file), join(this.root, 'tools/setup', file));
    }
    this.writeManifest({ name: 'scratch', version: '1.0.0' });
    writeFileSync(join(this.bin, 'npm'), STAND_IN_NPM, { mode: 0o755 });
    this.provide('sh', 'python3', 'make', 'g++', 'env', 'sleep');
    symlinkSync(process.execPath, join(this.bin, 'node'));
  }

  /** @param {Record<string, unknown>} manifest */
  writeManifest(manifest) {
    writeFileSync(join(this.root, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(this.root, 'package-lock.json'), JSON.stringify({ packages: { '': manifest } }));
  }

  /** Puts programs of this machine on the repository's PATH. @param {string[]} programs */
  provide(...programs) {
    for (const program of programs) {
      const path = findProgram(program, process.env);
      if (path !== undefined) symlinkSync(path, join(this.bin, program));
    }
  }

  /** Takes programs away from it. @param {string[]} programs */
  lack(...programs) {
    for (const program of programs) rmSync(join(this.bin, program), { force: true });
  }

  /** Where and with which variables its programs run. @param {NodeJS.ProcessEnv} [env] */
  optionsOf(env = {}) {
    return {
      cwd: this.root,
      env: {
        ...{ PATH: this.bin, HOME: this.folder, WSI_CACHE: this.cache, WSI_TENSORFLOW: 'none' },
        ...{ WSI_OPENSLIDE_LIBRARY: '/somewhere/libopenslide.so.1', NPM_CALLS: this.calls },
        ...env,
      },
    };
  }

  /** Starts a script of the set-up. @param {string} script @param {readonly string[]} [args] @param {NodeJS.ProcessEnv} [env] */
  start(script, args = [], env = {}) {
    const child = spawn(
      process.execPath,
      [join(this.root, 'tools/setup', script), ...args],
      this.optionsOf(env),
    );
    /** @type {Promise<Ending>} */
    const ending = new Promise((resolve) => {
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => (stdout += String(chunk)));
      child.stderr.on('data', (chunk) => (stderr += String(chunk)));
      child.on('exit', (code, signal) => setTimeout(() => resolve({ code, signal, stdout, stderr }), 20));
    });
    return { child, ending };
  }

  /** @param {string} script @param {readonly string[]} [args] @param {NodeJS.ProcessEnv} [env] @returns {Promise<Ending>} */
  run(script, args, env) {
    return this.start(script, args, env).ending;
  }

  /** The calls of npm so far: what was installed and by which process. @returns {{ name: string, pid: number }[]} */
  npmCalls() {
    if (!existsSync(this.calls)) return [];
    const lines = readFileSync(this.calls, 'utf8').trim().split('\n');
    return lines.map((line) => line.split(' ')).map(([name = '', pid]) => ({ name, pid: Number(pid) }));
  }

  /** @param {number} count @returns {Promise<{ name: string, pid: number }>} the last of so many calls, once it has happened */
  async npmCall(count) {
    for (let tries = 0; tries < 500; tries += 1) {
      const call = this.npmCalls()[count - 1];
      if (call !== undefined) return call;
      await delay(20);
    }
    throw new Error(`npm was not called ${count} times`);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
