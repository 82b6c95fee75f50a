/** A user's day with `wsi` and `kubectl wsi` on a cluster. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { attempt, type CommandResult } from '@wsi-operator/cluster';
import { prepareNamespace, untilEmpty } from './prepared-namespace.ts';
import { Session } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-cli';
const BIN = new URL('../../../cli/bin/', import.meta.url).pathname;
const session = new Session();
let directory: string;
let manifest: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-e2e-'));
  manifest = join(directory, 'job.json');
  await writeFile(manifest, JSON.stringify(trainingJob({ name: 'day', namespace: NAMESPACE, epochs: 4000 })));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function wsi(...args: string[]): Promise<CommandResult> {
  const env = { ...process.env, KUBECONFIG: session.file.kubeconfig };
  return attempt(process.execPath, [join(BIN, 'wsi.mjs'), ...args], { env, timeoutSeconds: 240 });
}

/** As kubectl finds it: a program named `kubectl-wsi` in a folder of PATH. */
async function kubectlWsi(...args: string[]): Promise<CommandResult> {
  const plugin = join(directory, 'kubectl-wsi');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(BIN, 'kubectl-wsi.mjs')}' "$@"\n`;
  await writeFile(plugin, script, { mode: 0o755 });
  const path = [directory, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const env = { ...process.env, KUBECONFIG: session.file.kubeconfig, PATH: path };
  return attempt(session.file.kubectl, ['wsi', ...args], { env, timeoutSeconds: 240 });
}

describe('wsi, on a cluster', () => {
  it('submits a job, and shows how it goes', async () => {
    const submitted = await wsi('submit', manifest);
    expect(submitted).toMatchObject({ code: 0 });
    expect((await wsi('submit', manifest)).stderr + submitted.stdout).toMatch(/day/);
    await session.untilStep('day', NAMESPACE, 3);
    const { code, stdout } = await wsi('status', 'day', '-n', NAMESPACE);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Running/);
    expect(stdout).toMatch(/epoch \d+\/4000/);
    const list = await kubectlWsi('status', '-n', NAMESPACE);
    expect(list.stdout).toMatch(/day\s+Running/);
  });

  it('shows the logs of its pods', async () => {
    const { code, stdout } = await wsi('logs', 'day', '-n', NAMESPACE);
    expect(code).toBe(0);
    expect(stdout).toMatch(/coordinator/);
    expect(stdout).toMatch(/worker/);
  });

  it('describes it with conditions and events', async () => {
    const { code, stdout } = await kubectlWsi('describe', 'day', '-n', NAMESPACE);
    expect(code).toBe(0);
    for (const word of ['Running', 'PodsCreated', 'day-worker-0']) expect(stdout).toContain(word);
  });

  it('fetches what it has written so far, as the user of its pods, and leaves no pod behind', async () => {
    await session.untilStep('day', NAMESPACE, 6);
    const output = join(directory, 'results');
    const fetched = await wsi('results', 'day', '-n', NAMESPACE, '--output', output, '--all');
    expect(fetched).toMatchObject({ code: 0 });
    expect(fetched.stdout).toMatch(/^\d+ files, /);
    const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(lines[0] ?? '')).toHaveProperty('step');
    await session.until('the pod that read is gone', async () => {
      const pods = await session.list('pods', NAMESPACE, 'app.kubernetes.io/name=wsi-results');
      return pods.length === 0 ? { done: undefined } : { seen: pods.length };
    });
  });

  it('suspends, resumes and scales it', async () => {
    expect((await wsi('suspend', 'day', '-n', NAMESPACE)).code).toBe(0);
    await session.untilCondition('day', NAMESPACE, 'Suspended');
    expect((await wsi('resume', 'day', '-n', NAMESPACE)).code).toBe(0);
    expect((await wsi('scale', 'day', '--workers', '1', '-n', NAMESPACE)).code).toBe(0);
    const job = await session.get('wtj', 'day', NAMESPACE);
    expect(job.spec).toMatchObject({ suspend: false, workers: { replicas: 1 } });
  });

  it('cancels it, and reports an unknown job', async () => {
    expect((await wsi('cancel', 'day', '-n', NAMESPACE, '--yes')).code).toBe(0);
    await session.until('the job is gone', async () => {
      const job = await session.get('wtj', 'day', NAMESPACE);
      return job === undefined ? { done: undefined } : { seen: job.status };
    });
    await untilEmpty(session, NAMESPACE);
    const none = await wsi('status', 'day', '-n', NAMESPACE);
    expect(none.code).not.toBe(0);
    expect(none.stderr).toMatch(/day/);
  });
});
