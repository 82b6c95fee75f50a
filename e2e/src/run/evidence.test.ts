import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gatherEvidence } from './evidence.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-evidence-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A program in kubectl's place: a cluster with one pod of a job, whose events cannot be read. */
async function kubectl(): Promise<string> {
  const file = join(directory, 'kubectl');
  const script = `#!/bin/sh
case "$*" in
  *"get events"*) echo 'the server is away' >&2; exit 1;;
  *jsonpath*) printf 'tumour lung-worker-0\\n';;
  *"logs -n tumour lung-worker-0"*) echo 'the last words of a worker';;
  *) echo "$@";;
esac
`;
  await writeFile(file, script);
  await chmod(file, 0o755);
  return file;
}

describe('the evidence of a failed test', () => {
  it('is a folder of its name with objects, events and logs, even if some are unavailable', async () => {
    const source = {
      kubectl: await kubectl(),
      kubeconfig: '/k',
      operatorNamespace: 'wsi-system',
      release: 'wsi',
    };
    const folder = await gatherEvidence(source, directory, "of Kubernetes' own: starts / together");
    expect(folder).toBe(join(directory, 'of-Kubernetes-own-starts-together'));
    const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
    expect(await read('events.txt')).toBe('the server is away\n');
    expect(await read('operator.log')).toContain('logs -n wsi-system -l app.kubernetes.io/instance=wsi');
    expect(await read('tumour-lung-worker-0.log')).toBe('the last words of a worker\n');
  });

  it('says that kubectl is missing', async () => {
    const source = {
      kubectl: join(directory, 'none'),
      kubeconfig: '/k',
      operatorNamespace: 'o',
      release: 'r',
    };
    const folder = await gatherEvidence(source, directory, '???');
    expect(await readFile(join(folder, 'jobs.yaml'), 'utf8')).toContain('ENOENT');
  });
});
