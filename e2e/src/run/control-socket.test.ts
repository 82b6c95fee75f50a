import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import type { RunningCluster } from '@wsi-operator/cluster';
import { loadImage, restartApiServer } from '../suite/control.ts';
import { Session, type SessionFile } from '../suite/session.ts';
import { listenForCommands } from './control-socket.ts';

let directory: string;
let close: () => void;
let asked: unknown[];
let session: Session;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-control-'));
  asked = [];
  const cluster = {
    restartApiServer: async (options: unknown) => void asked.push(options),
    loadImage: async ({ file, name }: { file: string; name: string }) => {
      asked.push(file);
      if (name === 'bad:1') throw new WsiError('InvalidArgument', 'no image is in it', { where: file });
      return `docker.io/${name}`;
    },
  };
  const control = join(directory, 'control');
  close = await listenForCommands(control, cluster as unknown as RunningCluster);
  session = new Session({ control, features: { restartApiServer: true } } as SessionFile);
});
afterEach(async () => {
  close();
  await rm(directory, { recursive: true });
});

describe('the socket between suites and runner', () => {
  it('carries a command and its result', async () => {
    expect(await loadImage(session, '/tmp/a.tar', 'wsi/operator:1')).toBe('docker.io/wsi/operator:1');
    await restartApiServer(session);
    expect(asked).toEqual(['/tmp/a.tar', { secondsAway: 3 }]);
  });

  it('reports an error, and continues', async () => {
    await expect(loadImage(session, '/tmp/b.tar', 'bad:1')).rejects.toThrow(/no image is in it/);
    expect(await loadImage(session, '/tmp/c.tar', 'good:1')).toBe('docker.io/good:1');
  });

  it('refuses what the cluster cannot do', async () => {
    session = new Session({ ...session.file, features: { restartApiServer: false } } as SessionFile);
    await expect(restartApiServer(session)).rejects.toThrow(/cannot be restarted/);
    expect(asked).toEqual([]);
  });
});
