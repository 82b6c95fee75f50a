/** What the operator may do, and what a training pod can reach. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { prepareNamespace } from './prepared-namespace.ts';
import { listener } from './reach.ts';
import { Session, WAIT, type Seen } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-security';
const session = new Session();
const { operatorNamespace } = session.file;
let account: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  const pods = await session.list('pods', operatorNamespace);
  account = `system:serviceaccount:${operatorNamespace}:${pods[0].spec.serviceAccountName as string}`;
});

/** @param resource with a subresource as in rules (`pods/exec`) @param name for rights to one object only */
async function may(verb: string, resource: string, namespace: string, name = ''): Promise<boolean> {
  const [plural = '', subresource] = resource.split('/');
  const object = name === '' ? plural : `${plural}/${name}`;
  const args = ['auth', 'can-i', verb, object, '-n', namespace, `--as=${account}`];
  if (subresource !== undefined) args.push(`--subresource=${subresource}`);
  const { stdout } = await session.tryKubectl(args);
  return stdout.trim() === 'yes';
}

/** Runs a script in a container of a pod. @returns its standard output */
async function inPod(pod: string, script: string, ...args: string[]): Promise<string> {
  const node = ['/usr/local/bin/node', '--input-type=module', '--eval', script, '--', ...args];
  return session.kubectl(['exec', pod, '-n', NAMESPACE, '-c', 'trainer', '--', ...node]);
}

describe("the operator's rights", () => {
  it('are those that the chart shows, and no others', async () => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: NAMESPACE },
    };
    const given = JSON.parse(
      await session.kubectl(
        ['create', '--validate=false', '-f', '-', '-o=json', `--as=${account}`],
        JSON.stringify(review),
      ),
    );
    const release = ['get', 'manifest', session.file.release, '--namespace', operatorNamespace];
    const manifest = await session.helm(release);
    const roles = (loadAll(manifest) as Seen[]).filter(
      (one) => one?.kind === 'ClusterRole' && !/-(editor|viewer)$/.test(one.metadata.name),
    );
    expect(roles).toHaveLength(1);
    const wanted = flat(roles[0].rules);
    // What every account has: discovery and questions about itself.
    const own = /^(selfsubject|clustertrustbundles)/;
    expect([...flat(given.status.resourceRules)].filter((one) => !own.test(one)).sort()).toEqual(
      [...wanted].sort(),
    );
  });

  it.each([
    ['list', 'secrets'],
    ['watch', 'secrets'],
    ['create', 'pods/exec'],
    ['patch', 'pods'],
    ['get', 'pods/log'],
    ['create', 'rolebindings.rbac.authorization.k8s.io'],
    ['create', 'serviceaccounts/token'],
    ['impersonate', 'users'],
    ['patch', 'nodes'],
    ['delete', 'namespaces'],
    ['delete', 'persistentvolumes'],
    ['update', 'customresourcedefinitions.apiextensions.k8s.io'],
    ['create', 'wsitrainingjobs.wsi.dev'],
  ])('do not let it %s %s', async (verb, resource) => {
    expect(await may(verb, resource, NAMESPACE)).toBe(false);
  });

  it('let it change leases in its own namespace only', async () => {
    const resource = 'leases.coordination.k8s.io';
    const [lease] = await session.list('leases', operatorNamespace);
    const name = lease.metadata.name as string;
    expect(await may('update', resource, operatorNamespace, name)).toBe(true);
    expect(await may('update', resource, NAMESPACE, name)).toBe(false);
  });
});

describe('a training pod', () => {
  const JOB = 'guarded';
  const WORKER = `${JOB}-worker-0`;
  beforeAll(async () => {
    for (const name of [JOB, 'other']) {
      await session.apply(trainingJob({ name, namespace: NAMESPACE, workers: 1, servers: 1, epochs: 2000 }));
    }
    await session.untilStep(JOB, NAMESPACE, 1);
    await session.untilCondition('other', NAMESPACE, 'Running');
  });

  it('has no identity at the API server, and no right there', async () => {
    const answer = await inPod(
      WORKER,
      `import { existsSync } from 'node:fs';
       const token = existsSync('/var/run/secrets/kubernetes.io/serviceaccount');
       process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
       const url = 'https://kubernetes.default.svc/api/v1/namespaces/${NAMESPACE}/pods';
       const status = await fetch(url, { signal: AbortSignal.timeout(5000) }).then((r) => r.status, () => 'unreachable');
       console.log(JSON.stringify({ token, status }));`,
    );
    const { token, status } = JSON.parse(answer) as { token: boolean; status: number | string };
    expect(token).toBe(false);
    if (session.file.features.networkPolicies) expect(status).toBe('unreachable');
    else expect([401, 403]).toContain(status);
  });

  it('is not root, writes to no file of its image, and gains no privileges', async () => {
    const answer = await inPod(
      WORKER,
      `import { readFileSync, writeFileSync } from 'node:fs';
       const refused = ['/app/x', '/x', '/etc/x', '/usr/local/bin/x'].map((path) => {
         try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; }
       });
       const status = readFileSync('/proc/self/status', 'utf8');
       const field = (name) => status.match(new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm'))?.[1];
       console.log(JSON.stringify({ user: process.getuid(), refused, capabilities: field('CapEff'),
         noNewPrivileges: field('NoNewPrivs'), seccomp: field('Seccomp') }));`,
    );
    expect(JSON.parse(answer)).toEqual({
      user: 65532,
      refused: ['EROFS', 'EROFS', 'EROFS', 'EROFS'],
      capabilities: '0000000000000000',
      noNewPrivileges: '1',
      // Filtered: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
      seccomp: '2',
    });
  });

  it("talks to a role with the job's certificate only", async () => {
    const script = await readFile(new URL('knock.mjs', import.meta.url), 'utf8');
    const knock = async (pod: string, job: string): Promise<Seen> =>
      JSON.parse(await inPod(pod, script, job, NAMESPACE));
    expect(await knock(WORKER, JOB)).toEqual({
      'own certificate': 'served',
      'no certificate': 'refused',
      'plain text': 'refused',
    });
    expect(await knock('other-worker-0', JOB)).toMatchObject({ 'own certificate': 'refused' });
  });
});

describe('metrics over TLS', () => {
  const { release, chart } = session.file;
  const URL_OF_METRICS = `${release}-wsi-operator-metrics.${operatorNamespace}.svc:8080/metrics`;
  const set = async (...values: string[]): Promise<void> => {
    const upgrade = ['upgrade', release, chart, '--namespace', operatorNamespace, '--reuse-values', '--wait'];
    await session.helm([...upgrade, ...values.flatMap((value) => ['--set', value])]);
  };
  const tokenOf = async (account: string): Promise<string> =>
    (await session.kubectl(['create', 'token', account, '-n', NAMESPACE])).trim();
  let script: string;
  const scrape = async (url: string, token = ''): Promise<{ status: number; text: string }> => {
    const node = ['/usr/local/bin/node', '--input-type=module', '--eval', script, '--', url, token];
    const exec = ['exec', 'scraper', '-n', NAMESPACE, '-c', 'listener', '--', ...node];
    return JSON.parse(await session.kubectl(exec)) as { status: number; text: string };
  };

  beforeAll(async () => {
    script = await readFile(new URL('scrape.mjs', import.meta.url), 'utf8');
    const accounts = ['reader', 'stranger'].map((name) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: NAMESPACE },
    }));
    const scraper = listener(session, { namespace: NAMESPACE, pod: 'scraper' }, [4000]);
    await session.apply(...accounts, scraper);
    const readers = `metrics.secure.readers[0]=${NAMESPACE}/reader`;
    await set('metrics.secure.enabled=true', readers);
    const ready = ['wait', '--for=condition=Ready', 'pod/scraper', '-n', NAMESPACE, WAIT];
    await session.kubectl(ready);
    // A pod of before may still be among the addresses of the Service.
    await session.until('the metrics are served over TLS', async () => {
      const seen = await scrape(`https://${URL_OF_METRICS}`);
      return seen.status === 401 ? { done: undefined } : { seen };
    });
  });
  afterAll(async () => {
    await set('metrics.secure.enabled=false', 'metrics.secure.readers=null');
  });

  it('are for an account with the role of readers', async () => {
    const { status, text } = await scrape(`https://${URL_OF_METRICS}`, await tokenOf('reader'));
    expect(status).toBe(200);
    expect(text).toMatch(/^wsi_operator_leader [01]$/m);
  });

  it('are refused without the role (403), and with an unknown token or none (401)', async () => {
    const stranger = await tokenOf('stranger');
    expect((await scrape(`https://${URL_OF_METRICS}`, stranger)).status).toBe(403);
    expect((await scrape(`https://${URL_OF_METRICS}`, `${stranger}x`)).status).toBe(401);
    expect((await scrape(`https://${URL_OF_METRICS}`)).status).toBe(401);
  });

  it('are not served in plain text', async () => {
    const { status } = await scrape(`http://${URL_OF_METRICS}`, await tokenOf('reader'));
    expect(status).toBe(0);
  });

  it('are what `helm test` finds protected, with rights to review tokens', async () => {
    const answer = await session.helm(['test', release, '--namespace', operatorNamespace]);
    expect(answer).toMatch(/Phase: +Succeeded/);
  });

  it('leave no token in the log of the operator', async () => {
    const token = await tokenOf('reader');
    expect((await scrape(`https://${URL_OF_METRICS}`, token)).status).toBe(200);
    const selector = ['-l', 'app.kubernetes.io/name=wsi-operator', '--tail=-1', '--prefix'];
    const logs = await session.kubectl(['logs', '-n', operatorNamespace, ...selector]);
    expect(logs).toContain('certificate of the metrics taken');
    expect(logs).not.toContain(token);
  });
});

/** `group/resource verb`, one for each; rules in whatever division. */
function flat(rules: readonly Seen[]): Set<string> {
  return new Set(
    rules.flatMap((rule) =>
      (rule.apiGroups as string[]).flatMap((group) =>
        (rule.resources as string[]).flatMap((resource) =>
          (rule.verbs as string[]).map((verb) => `${resource}.${group} ${verb}`),
        ),
      ),
    ),
  );
}
