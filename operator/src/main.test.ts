/** The operator as a process of its own, against a server over HTTP. */
import { get } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Resource } from '@wsi-operator/controller';
import { startFakeApiServer, type FakeApiServer } from '@wsi-operator/controller/testing';
import { JOBS, PODS } from './cluster/kubernetes/resources.ts';
import { manifest, until } from './testing/kubernetes-bed.ts';
import { ask, startOperator as startProcess, type OperatorProcess } from './testing/operator-process.ts';
import { refuseBeyondRights } from './testing/rights.ts';
import { TokenAccounts } from './testing/token-accounts.ts';

const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startServer(answerTo?: TokenAccounts['answerTo']): Promise<FakeApiServer> {
  const server = await startFakeApiServer({
    ...(answerTo === undefined ? {} : { answerTo }),
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
  const operator = await startProcess(server, name, { flags });
  cleanUps.push(operator.stop);
  return operator;
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
  it('runs jobs, is ready, reports its metrics, and hands the lead over when it is stopped', async () => {
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
    const reported = server.objects({ ...LEASES, group: 'events.k8s.io', plural: 'events', kind: 'Event' });
    expect(reported.map((event) => [event['reason'], event['reportingInstance']])).toEqual(
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

  it('names in its log the job and what is wrong with it', async () => {
    const server = await startServer();
    const operator = await startOperator(server, 'operator-a');
    await until('it leads', () => holder(server) === 'operator-a');
    const { spec, ...job } = manifest();
    server.put(JOBS, { ...job, spec: { ...(spec as object), training: { epochs: -1 } } });
    await until('it says so', () => operator.log().includes('invalid job left alone'));
    const line = operator
      .log()
      .split('\n')
      .find((text) => text.includes('invalid job left alone'));
    expect(JSON.parse(line ?? '')).toMatchObject({
      level: 'warn',
      key: 'default/lung',
      problems: expect.stringContaining('spec.training.epochs'),
    });
  });

  it('reports its metrics over TLS to accounts that may get them, and its health to all', async () => {
    const accounts = new TokenAccounts();
    const token = accounts.add('token-of-prometheus', { user: 'prometheus', mayGetMetrics: true });
    const server = await startServer(accounts.answerTo);
    const operator = await startOperator(server, 'operator-a', '--metrics-secure=true');
    await until('it is ready', () => isReady(operator));
    const statusWith = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(operator.metrics);
        const options = { port, path: '/metrics', headers, rejectUnauthorized: false };
        get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
    expect(await statusWith({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await statusWith({})).toBe(401);
    expect((await ask(operator.metrics)).status).toBe(0);
    expect(operator.log()).not.toContain(token);
    operator.child.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
  });

  it('says which option is wrong', async () => {
    const server = await startServer();
    const operator = await startOperator(server, 'operator-a', '--concurrency=none');
    expect(await operator.ended).toBe(2);
    expect(operator.log()).toContain("'none' is not a whole number");
  });

  it("does not start with the manifests' placeholder for the image", async () => {
    const server = await startServer();
    const operator = await startOperator(
      server,
      'operator-a',
      '--trainer-image=REGISTRY/wsi-operator/trainer:1',
    );
    expect(await operator.ended).toBe(2);
    expect(operator.log()).toContain('No public registry has the image');
  });
});
