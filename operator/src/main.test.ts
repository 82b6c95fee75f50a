/** The operator as a process of its own, against a server over HTTP. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Resource } from '@wsi/controller';
import { startFakeApiServer, type FakeApiServer } from '@wsi/controller/testing';
import { JOBS, PODS } from './cluster/kubernetes/resources.ts';
import { manifest, until } from './testing/kubernetes-bed.ts';
import { refuseBeyondRights } from './testing/rights.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

interface OperatorProcess {
  readonly child: ChildProcess;
  readonly health: string;
  readonly metrics: string;
  readonly ended: Promise<number | null>;
  readonly log: () => string;
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startServer(): Promise<FakeApiServer> {
  const server = await startFakeApiServer({
    resources: [{ ...JOBS, status: true }],
    authorize: refuseBeyondRights,
  });
  cleanUps.push(() => server.close());
  return server;
}

async function startOperator(
  server: FakeApiServer,
  name: string,
  ...flags: readonly string[]
): Promise<OperatorProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'wsi-operator-test-'));
  const kubeConfig = join(directory, 'config');
  writeFileSync(kubeConfig, server.kubeConfig);
  const [health, metrics] = [await freePort(), await freePort()];
  const ports = ['--health-port', String(health), '--metrics-port', String(metrics)];
  const child = spawn(process.execPath, ['--no-warnings', MAIN, ...ports, ...flags], {
    env: { ...process.env, KUBECONFIG: kubeConfig, POD_NAME: name, POD_NAMESPACE: 'wsi-system' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true });
  });
  return {
    child,
    ended,
    health: `http://127.0.0.1:${health}`,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    log: () => log,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await fetch(url);
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

const isReady = async ({ health }: OperatorProcess): Promise<boolean> =>
  (await ask(`${health}/readyz`)).status === 200;

/** The pod that leads: a holder is its name and a part that no other process ever has. */
function holder(server: FakeApiServer): string | undefined {
  const [lease] = server.objects(LEASES);
  const identity = (lease?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity;
  return identity?.split('_')[0];
}

describe('the operator process', () => {
  it('runs jobs, is ready, tells its metrics, and hands the lead over when it is stopped', async () => {
    const server = await startServer();
    const first = await startOperator(server, 'operator-a');
    await until('it is ready', () => isReady(first));
    expect((await ask(`${first.health}/healthz`)).status).toBe(200);
    server.put(JOBS, manifest());
    await until('there are pods', () => server.objects(PODS).length === 2);
    const { text } = await ask(first.metrics);
    expect(text).toMatch(/^wsi_operator_leader 1$/m);
    expect(text).toMatch(/^wsi_operator_api_requests_total\{verb="create",resource="pods",code="201"\} 2$/m);
    expect(text).toMatch(
      /^wsi_job_replicas\{namespace="default",job="lung",role="worker",state="desired"\} 2$/m,
    );
    const second = await startOperator(server, 'operator-b');
    await until('a follower is ready, too', () => isReady(second));
    expect((await ask(second.metrics)).text).toMatch(/^wsi_operator_leader 0$/m);
    expect(holder(server)).toBe('operator-a');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await until('the follower leads', () => holder(server) === 'operator-b');
    server.put(JOBS, manifest('liver'));
    await until('it acts', () => server.objects(PODS).length === 4);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const told = server.objects({ ...LEASES, group: 'events.k8s.io', plural: 'events', kind: 'Event' });
    expect(told.map((event) => [event['reason'], event['reportingInstance']])).toEqual(
      expect.arrayContaining([
        ['JobCreated', 'operator-a'],
        ['JobCreated', 'operator-b'],
      ]),
    );
  });

  it('ends at once, with a failure, when another takes its lease', async () => {
    const server = await startServer();
    const operator = await startOperator(server, 'operator-a');
    await until('it leads', () => holder(server) === 'operator-a');
    const [lease] = server.objects(LEASES);
    const spec = {
      ...(lease?.['spec'] as object),
      holderIdentity: 'usurper',
      renewTime: '2999-01-01T00:00:00.000000Z',
    };
    server.put(LEASES, { ...lease, spec });
    expect(await operator.ended).toBe(1);
    expect(operator.log()).toContain('the lead is lost');
    expect(holder(server)).toBe('usurper');
  });

  it('is alive but not ready while the API server is away, and goes on when it is back', async () => {
    const server = await startServer();
    await server.stop();
    const operator = await startOperator(server, 'operator-a', '--leader-elect=false');
    await until('it is alive', async () => (await ask(`${operator.health}/healthz`)).status === 200);
    const answer = await ask(`${operator.health}/readyz`);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('pods');
    await server.start();
    server.put(JOBS, manifest());
    await until('there are pods', () => server.objects(PODS).length === 2);
    operator.child.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
  });

  it('says which option is wrong', async () => {
    const server = await startServer();
    const operator = await startOperator(server, 'operator-a', '--concurrency=none');
    expect(await operator.ended).toBe(2);
    expect(operator.log()).toContain("'none' is not a whole number");
  });
});
