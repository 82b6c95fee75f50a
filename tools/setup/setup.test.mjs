// @ts-check
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ScratchRepository } from './scratch-repository.mjs';
import { NODE_VERSION } from './versions.mjs';

/** @type {ScratchRepository} */
let repository;
beforeEach(() => {
  repository = new ScratchRepository();
});
afterEach(() => repository.remove());

const linux = process.platform === 'linux' ? describe : describe.skip;

linux('a set-up', () => {
  it('installs Node and the packages, and has nothing to do the second time', async () => {
    const first = await repository.run('setup.mjs');
    expect(first.stderr).toContain(`set-up: Node ${NODE_VERSION}\nset-up: JavaScript packages\nset-up: done`);
    expect(first.code).toBe(0);
    const facts = JSON.parse(readFileSync(join(repository.root, 'node_modules', '.wsi-setup.json'), 'utf8'));
    expect(facts.node.startsWith(repository.cache)).toBe(true);
    expect(facts).toMatchObject({
      nodeVersion: NODE_VERSION,
      openslideLibrary: '/somewhere/libopenslide.so.1',
    });
    expect(JSON.parse(first.stdout)).toEqual(facts);

    const second = await repository.run('setup.mjs');
    expect(second).toMatchObject({ code: 0, stderr: 'set-up: nothing to do\n' });
    expect(repository.npmCalls().map(({ name }) => name)).toEqual(['fetch-node', 'scratch']);
  });

  it('installs again when node_modules is removed or the lock file changes', async () => {
    await repository.run('setup.mjs');
    repository.writeManifest({ name: 'scratch', version: '1.0.1' });
    expect((await repository.run('setup.mjs')).stderr).toContain('set-up: JavaScript packages\nset-up: done');
    expect(repository.npmCalls().map(({ name }) => name)).toEqual(['fetch-node', 'scratch']);
    rmSync(join(repository.root, 'node_modules'), { recursive: true });
    await repository.run('setup.mjs');
    const { code, stderr } = await repository.run('setup.mjs', [], { NPM_FAULT: 'wrong' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'set-up: nothing to do\n' });
    expect(repository.npmCalls().map(({ name }) => name)).toEqual(['fetch-node', 'scratch', 'scratch']);
  });

  it('does not accept an installation by npm that differs from the lock file', async () => {
    const { code, stderr } = await repository.run('setup.mjs', [], { NPM_FAULT: 'wrong' });
    expect(code).toBe(1);
    expect(stderr).toContain('npm has installed something else than package-lock.json says');
    expect(await repository.run('setup.mjs')).toMatchObject({ code: 0 });
  });

  it.each([
    ['SIGKILL', 1, 'fetch-node'],
    ['SIGKILL', 2, 'scratch'],
    ['SIGTERM', 1, 'fetch-node'],
  ])('resumes after %s in the middle of npm call %d', async (signal, call, name) => {
    if (call > 1) {
      await repository.run('setup.mjs');
      rmSync(join(repository.root, 'node_modules'), { recursive: true });
    }
    const before = repository.npmCalls().length;
    const { child, ending } = repository.start('setup.mjs', [], { NPM_FAULT: 'hang' });
    const orphan = await repository.npmCall(before + 1);
    expect(orphan.name).toBe(name);
    child.kill(/** @type {NodeJS.Signals} */ (signal));
    const { code, stderr } = await ending;
    if (signal === 'SIGTERM') {
      expect(code).toBe(143);
      expect(stderr).toContain('interrupted; the same command goes on from here');
    }
    const again = repository.start('setup.mjs');
    if (signal === 'SIGKILL') {
      await delay(600);
      // The killed set-up's npm still runs and writes: nothing may be started beside it.
      expect(repository.npmCalls()).toHaveLength(before + 1);
      process.kill(orphan.pid, 'SIGKILL');
    }
    expect(await again.ending).toMatchObject({ code: 0 });
    expect(readdirSync(join(repository.cache, 'node'))).toEqual([
      expect.stringMatching(/^\d+\.\d+\.\d+-\w+-\w+$/),
    ]);
    expect(existsSync(join(repository.cache, 'setup.lock'))).toBe(false);
  });

  it('does the work once when started twice', async () => {
    const endings = await Promise.all([repository.run('setup.mjs'), repository.run('setup.mjs')]);
    expect(endings.map(({ code }) => code)).toEqual([0, 0]);
    expect(repository.npmCalls().map(({ name }) => name)).toEqual(['fetch-node', 'scratch']);
    expect(
      endings.filter(({ stderr }) => stderr.includes('waiting for another set-up (process ')),
    ).toHaveLength(1);
  });

  it('names everything that is missing, and how to get it, before it downloads anything', async () => {
    repository.lack('g++', 'make', 'python3');
    const { code, stderr } = await repository.run('setup.mjs', [], { WSI_TENSORFLOW: 'cpu' });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'This machine lacks python3: Python 3 with pip, to fetch and unpack wheels; g++: a C++ compiler',
    );
    expect(stderr).toContain('apt-get install python3 python3-pip g++ make');
    expect(repository.npmCalls()).toEqual([]);
  });

  it('says that npm is missing', async () => {
    repository.lack('npm');
    const { code, stderr } = await repository.run('setup.mjs');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('lacks npm: npm (comes with Node)'),
    });
  });

  it.each([
    ['network', 'A package registry could not be reached', 'ENOTFOUND'],
    ['disk', 'The disk is full', 'ENOSPC'],
  ])('explains a fault of npm (%s)', async (fault, remedy, evidence) => {
    const { code, stderr } = await repository.run('setup.mjs', [], { NPM_FAULT: fault });
    expect(code).toBe(1);
    expect(stderr).toContain(remedy);
    expect(stderr).toContain(`    | npm error code ${evidence}`);
    expect(existsSync(join(repository.cache, 'setup.lock'))).toBe(false);
  });

  it.each([
    [{ WSI_TENSORFLOW: 'tpu' }, [], 'WSI_TENSORFLOW is "tpu"'],
    [{}, ['--python'], 'The set-up does not know --python'],
    [{ WSI_CACHE: '/dev/null/cache' }, [], 'put the cache elsewhere with WSI_CACHE=/path'],
  ])('refuses the unknown settings %p %p', async (env, args, message) => {
    const { code, stderr } = await repository.run('setup.mjs', args, env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  });

  it('prints the path of the pinned Node, and whether it exists', async () => {
    const before = await repository.run('node-path.mjs');
    expect(before).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run node tools/setup/setup.mjs'),
    });
    await repository.run('setup.mjs');
    const after = await repository.run('node-path.mjs');
    expect(after).toMatchObject({ code: 0, stdout: before.stdout, stderr: '' });
    expect(existsSync(after.stdout.trim())).toBe(true);
  });
});

linux('run.mjs', () => {
  it('sets up, then runs the program with the pinned Node and node_modules/.bin first on PATH', async () => {
    const { code, stdout } = await repository.run('run.mjs', [
      '--',
      'sh',
      '-c',
      'echo "$PATH"; node --version; exit 7',
    ]);
    expect(code).toBe(7);
    const [path = '', version] = stdout.trim().split('\n');
    expect(path.split(':').slice(0, 2)).toEqual([
      expect.stringMatching(new RegExp(`^${repository.cache}/node/.*/bin$`)),
      join(repository.root, 'node_modules', '.bin'),
    ]);
    expect(version).toBe(`v${NODE_VERSION}`);
    const silent = await repository.run('run.mjs', ['--', 'sh', '-c', 'exit 0']);
    expect(silent).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it('forwards signals, and ends as the program ends', async () => {
    await repository.run('setup.mjs');
    const started = join(repository.folder, 'started');
    const script = `trap 'exit 5' TERM; echo > ${started}; while :; do sleep 0.05; done`;
    const { child, ending } = repository.start('run.mjs', ['--', 'sh', '-c', script]);
    while (!existsSync(started)) await delay(20);
    child.kill('SIGTERM');
    expect((await ending).code).toBe(5);
    const killed = await repository.run('run.mjs', ['--', 'sh', '-c', 'kill -KILL $$']);
    expect(killed.code).toBe(137);
  });

  it('stops the program when the shell that started it is killed', async () => {
    await repository.run('setup.mjs');
    const [started, ended] = [join(repository.folder, 'started'), join(repository.folder, 'ended')];
    const program = `trap 'echo asked > ${ended}; exit' TERM; echo > ${started}; while :; do sleep 0.05; done`;
    const shell = spawn(
      'sh',
      ['-c', '"$NODE" tools/setup/run.mjs -- sh -c "$PROGRAM"; :'],
      repository.optionsOf({ NODE: process.execPath, PROGRAM: program }),
    );
    while (!existsSync(started)) await delay(20);
    shell.kill('SIGKILL');
    while (!existsSync(ended)) await delay(20);
    expect(readFileSync(ended, 'utf8')).toBe('asked\n');
  });

  it.each([
    [['sh'], 'There is no program to run'],
    [['--with', 'python', '--', 'sh'], 'Not understood: --with python'],
    [['--', 'no-such-program'], 'There is no program no-such-program'],
  ])('refuses %p', async (args, message) => {
    const { code, stderr } = await repository.run('run.mjs', args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  });
});

linux('the lock', () => {
  it('is taken over from a holder that is dead, and from a file that is no lock', async () => {
    await repository.run('setup.mjs');
    const elsewhere = { token: 'x', place: 'elsewhere', holder: { pid: 1, born: '1' }, child: null };
    for (const content of ['rubbish', JSON.stringify(elsewhere)]) {
      rmSync(join(repository.root, 'node_modules'), { recursive: true });
      const lock = join(repository.cache, 'setup.lock');
      writeFileSync(lock, content);
      utimesSync(lock, new Date(0), new Date(0));
      expect(await repository.run('setup.mjs')).toMatchObject({ code: 0 });
    }
  });
});
