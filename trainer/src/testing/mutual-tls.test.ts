/** Runs of role processes over TCP with mutual TLS: the same bytes, whoever else tries to take part. */
import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { callUnary, channelCredentials, connectParameterServer, type TlsPem } from '@wsi-operator/protocol';
import { TestAuthority, writePem } from '@wsi-operator/protocol/testing';
import { resultOf } from './ended-run.ts';
import { RoleProcesses, type RunOptions } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

let directory: string;
let job: WsiTrainingJob;
let tls: NonNullable<RunOptions['tls']>;
let authority: TestAuthority;
let plain: string;
const running: RoleProcesses[] = [];
let runs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-tls-run-'));
  job = await smallJob(directory, [
    'training.epochs=3',
    'training.slidesPerStep=2',
    'checkpoint={everySteps: 3, keep: 2}',
  ]);
  authority = await TestAuthority.create();
  const [coordinator, server, worker, operator] = await Promise.all(
    ['coordinator', 'server', 'worker', 'operator'].map((role) => authority.issue(role)),
  );
  tls = { coordinator: coordinator!, server: server!, worker: worker!, operator: operator! };
  plain = await finish(await start({}));
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(options: Partial<RunOptions>): Promise<RoleProcesses> {
  const output = join(directory, `run-${runs++}`);
  const run = await RoleProcesses.start({ job, output, workers: 2, servers: 2, ...options });
  running.push(run);
  return run;
}

async function finish(run: RoleProcesses): Promise<string> {
  await run.finished;
  const said = await run.terminationMessage('coordinator');
  const { parametersSha256, steps } = await resultOf(run);
  // What the operator reads when nobody has asked in time.
  expect(JSON.parse(said)).toMatchObject({ parametersSha256, steps });
  return parametersSha256;
}

describe('a run with mutual TLS', () => {
  it('has the same parameters as one without, and refuses strangers meanwhile', async () => {
    // Its workers come last, so that it cannot end before the strangers have been refused.
    const run = await start({ tls, workers: 0 });
    const expired = await authority.issue('worker', { notAfter: Date.now() - 1000 });
    const foreign = await (await TestAuthority.create('another')).issue('worker');
    while (run.logs.split('parameter server listens').length <= 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const server = run.address('server', 0);
    await Promise.all([
      refused(server, grpc.credentials.createInsecure(), grpc.status.UNAVAILABLE),
      refused(server, grpc.credentials.createSsl(pem(tls.worker.authority)), grpc.status.UNAVAILABLE),
      refused(server, unchecked(foreign), grpc.status.UNAVAILABLE),
      refused(server, unchecked(expired), grpc.status.UNAVAILABLE),
      refused(server, channelCredentials(tls.operator), grpc.status.PERMISSION_DENIED),
    ]);
    // Reads and pushes are a worker's, but to configure a server, and with it to overwrite the model, is not.
    const worker = connectParameterServer(server, { credentials: channelCredentials(tls.worker) });
    const target = { peer: server, deadlineMilliseconds: 60_000 };
    await expect(
      callUnary(
        worker.Commit.bind(worker),
        { generation: 9, step: 0, learningRate: 1, oldestNeeded: 0, leaves: 0 },
        target,
      ),
    ).rejects.toThrow("Commit is for coordinator, not for a certificate of 'worker'");
    worker.close();
    run.startWorkers(2);
    expect(await finish(run)).toBe(plain);
    expect(run.logs).toContain('a call was refused: wrong role');
  });

  it('continues without a worker that has the certificate of another role', async () => {
    const run = await start({ tls, workers: 0 });
    const stranger = await startWorker(run, tls.server);
    await stranger.says("Work is for worker, not for a certificate of 'server'");
    run.startWorkers(1);
    expect(await finish(run)).toBe(plain);
    stranger.child.kill('SIGKILL');
    expect(stranger.text()).not.toContain('worker ready');
  });

  it.each<[string, () => Promise<TlsPem>, string]>([
    [
      'expired',
      () => authority.issue('worker', { notAfter: Date.now() - 1000 }),
      "the certificate 'worker' expired at",
    ],
    [
      'of another authority',
      async () => ({
        ...tls.worker,
        authority: (await (await TestAuthority.create('x')).issue('x')).authority,
      }),
      "the certificate 'worker' is not of the authority 'x'",
    ],
  ])('ends a role whose certificate is %s, with the reason', async (_name, make, message) => {
    const run = { address: () => 'localhost:1' };
    const role = await startWorker(run, await make());
    expect(await role.ended).toBe(1);
    expect(role.text()).toContain(message);
  });
});

interface Stranger {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<number | null>;
  text(): string;
  /** Resolves when it has logged these words. */
  says(words: string): Promise<void>;
}

/** Another worker process than the run's own. */
async function startWorker(run: Pick<RoleProcesses, 'address'>, certificate: TlsPem): Promise<Stranger> {
  const folder = await mkdtemp(join(directory, 'stranger-'));
  await writePem(folder, certificate);
  const child = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(new URL('../main.ts', import.meta.url)), 'worker'],
    {
      env: {
        ...process.env,
        WSI_COORDINATOR: run.address('coordinator', 0),
        WSI_REPLICA: '9',
        WSI_TLS_DIRECTORY: folder,
        WSI_PARENT_PIPE: '1',
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const says = async (words: string): Promise<void> => {
    for await (const _chunk of on(child.stderr, 'data', { close: ['end'] })) if (text.includes(words)) return;
    expect(text).toContain(words);
  };
  return { child, ended, text: () => text, says };
}

async function refused(
  address: string,
  credentials: grpc.ChannelCredentials,
  status: grpc.status,
): Promise<void> {
  const client = connectParameterServer(address, { credentials });
  const error = await new Promise<grpc.ServiceError | null>((resolve) => {
    client.Ping(
      { generation: 0, farewell: false },
      new grpc.Metadata(),
      { deadline: Date.now() + 60_000 },
      resolve,
    );
  });
  client.close();
  expect(error?.code).toBe(status);
}

/** A client that does not check its own certificate first, and trusts the run's authority. */
function unchecked({ certificate, key }: TlsPem): grpc.ChannelCredentials {
  return grpc.credentials.createSsl(pem(tls.worker.authority), pem(key), pem(certificate));
}

function pem(text: string | Buffer): Buffer {
  return Buffer.from(text);
}
