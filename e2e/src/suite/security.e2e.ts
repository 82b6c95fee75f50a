/** What the operator may do, and what a training pod can reach. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { prepareNamespace } from './prepared-namespace.ts';
import { Session, type Seen } from './session.ts';
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

  it('lets it change leases in its own namespace only', async () => {
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
  }, 240_000);

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
  }, 60_000);

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
  }, 60_000);

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
  }, 60_000);
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
