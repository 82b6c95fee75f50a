/* eslint-disable max-lines -- all commands against one fake API server */
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { Refusal } from '@wsi-operator/controller/testing';
import { explain } from '../cluster/explain.ts';
import { readSubmission } from '../cluster/submission.ts';
import { JOB_RESOURCE, NAMESPACE_RESOURCE, type StoredJob } from '../cluster/wire.ts';
import { TestCluster } from '../testing/cluster.ts';
import { condition, job, MANIFEST, runningStatus } from '../testing/objects.ts';
import { cancel } from './cancel.ts';
import { describe as describeCommand } from './describe.ts';
import { status } from './status.ts';
import { submit, type SubmitFlags } from './submit.ts';
import { resume, scale, suspend } from './suspend.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(async () => cluster[Symbol.asyncDispose]());

const succeeded: WsiTrainingJobStatus = {
  ...runningStatus,
  phase: 'Succeeded',
  conditions: [condition('Succeeded', 'True', 'TrainingCompleted', 'The run ended well.')],
};
const failed = (reason: string): WsiTrainingJobStatus => ({
  phase: 'Failed',
  conditions: [condition('Failed', 'True', reason, 'The cohort has no slides.')],
});
const suspended: WsiTrainingJobStatus = {
  ...runningStatus,
  phase: 'Suspended',
  conditions: [condition('Suspended', 'True', 'JobSuspended', 'The job is suspended.')],
};

function stored(): StoredJob | undefined {
  return cluster.api.objects<StoredJob>(JOB_RESOURCE)[0];
}

async function submitted(flags: SubmitFlags = {}, set: readonly string[] = []): Promise<number> {
  return submit(cluster.session, readSubmission(MANIFEST, 'job.yaml', set), flags);
}

/** The error as it is shown. */
async function shownError(command: Promise<unknown>): Promise<string> {
  const thrown: unknown = await command.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  const explained = await explain(thrown, cluster.session);
  return explained instanceof Error ? explained.message : String(explained);
}

describe('submit', () => {
  it('creates the job as it was written, warns, and says what to do next', async () => {
    expect(await submitted()).toBe(0);
    expect(stored()?.metadata).toMatchObject({ name: 'demo', namespace: 'lab' });
    expect(stored()?.spec).not.toHaveProperty('checkpoint');
    expect(cluster.terminal.output).toBe('demo created in namespace lab\n');
    expect(cluster.terminal.notes).toMatch(/Warning: spec\.cohort\.table[^]*wsi status demo --watch -n lab/);
  });

  it('leaves a job with the same spec unchanged', async () => {
    await submitted();
    expect(await submitted()).toBe(0);
    expect(cluster.terminal.output).toContain('demo is there already, with this spec (Pending)');
  });

  it('refuses a different spec, naming the differences', async () => {
    await submitted();
    expect(await shownError(submitted({}, ['training.epochs=9']))).toMatch(
      /a job "demo" already in the namespace lab \(Pending\), with another spec:\n {2}training\.epochs: 4 -> 9\n--replace changes it, /,
    );
    expect(stored()?.spec.training.epochs).toBe(4);
  });

  it('changes mutable fields with --replace, despite conflicting status updates', async () => {
    await submitted();
    cluster.api.answer(409, { times: 2, match: ({ verb }) => verb === 'update' });
    expect(await submitted({ replace: true }, ['workers.replicas=5'])).toBe(0);
    expect(stored()?.spec.workers.replicas).toBe(5);
    expect(cluster.terminal.output).toContain('demo changed in namespace lab\n  workers.replicas: 2 -> 5\n');
    expect(await shownError(submitted({ replace: true }, ['training.epochs=9']))).toMatch(
      /cannot be changed so:\n {2}spec\.training: training cannot change: [^\n]*\nGive this one [^]*wsi cancel demo -n lab$/,
    );
  });

  it('runs a finished job again with --replace', async () => {
    cluster.putJob(job({ status: succeeded }));
    const before = stored()?.metadata.uid;
    expect(await submitted({ replace: true }, ['training.epochs=9'])).toBe(0);
    expect(stored()?.metadata.uid).not.toBe(before);
    expect(stored()?.status).toBeUndefined();
    expect(cluster.terminal.output).toContain('demo run again');
  });

  it('stores nothing with --dry-run server', async () => {
    await submitted({ dryRun: 'server' });
    const { query } = cluster.api.requests.find(({ method }) => method === 'POST')!;
    expect(query.get('dryRun')).toBe('All');
    expect(query.get('fieldValidation')).toBe('Strict');
    expect(cluster.terminal.output).toMatch(/dry run: nothing was stored/);
  });

  it('uses the namespace of the manifest, and refuses a conflicting one', async () => {
    const submission = readSubmission(
      MANIFEST.replace('name: demo', 'name: demo, namespace: own')
        .replace('metadata:\n  ', 'metadata: {')
        .replace('own\n', 'own}\n'),
      'job.yaml',
      [],
    );
    expect(await submit(cluster.session, submission, {})).toBe(0);
    expect(stored()?.metadata.namespace).toBe('own');
    expect(cluster.terminal.notes).toContain('status demo --watch -n own');
    expect(await shownError(submit(cluster.session, submission, { namespace: 'lab' }))).toMatch(
      /for the namespace own, not lab/,
    );
  });

  test.each([
    [succeeded, 0, /succeeded after 40 steps\.\nloss 0\.412\nparameters sha256 ab12/],
    [
      failed('InputInvalid'),
      64,
      /failed \(InputInvalid\): The cohort has no slides\.\nMore: wsi describe demo/,
    ],
    [failed('BackoffLimitExceeded'), 1, /failed/],
    [{ ...failed('BackoffLimitExceeded'), failures: [end('storage', 1)] }, 74, /failed/],
    [suspended, 75, /suspended\. Continue with:\n {2}wsi resume demo -n lab/],
  ])('follows a job to its end across lost watches (case %#)', async (last, code, words) => {
    const following = submitted({ follow: true });
    await cluster.terminal.shows(/created/);
    cluster.putJob({ ...stored(), status: { ...runningStatus, failures: [end('crashed', 1)] } });
    await cluster.terminal.shows(/step 18\/40/);
    cluster.api.dropWatches();
    cluster.api.compact();
    cluster.putJob({ ...stored(), status: last });
    expect(await following).toBe(code);
    expect(cluster.terminal.output).toMatch(words);
    expect(cluster.terminal.notes).toContain('! demo-worker-0 crashed');
  });

  it('ends with 1 when the job is deleted, with 75 when the time is over, with 130 on Ctrl-C', async () => {
    const following = submitted({ wait: true });
    await cluster.terminal.shows(/created/);
    cluster.api.remove(JOB_RESOURCE, 'demo', 'lab');
    expect(await following).toBe(1);
    expect(await submitted({ wait: true, timeout: 5 })).toBe(75);
    expect(cluster.terminal.notes).not.toContain('No operator');
    const interrupted = submitted({ follow: true });
    cluster.terminal.stop.abort();
    expect(await interrupted).toBe(130);
    expect(cluster.terminal.output).toMatch(/goes on\. Watch it with:\n {2}wsi status demo --watch -n lab/);
  });

  it('warns when no operator reconciles the job', async () => {
    expect(await submitted({ follow: true, timeout: 60 })).toBe(75);
    expect(cluster.terminal.notes.match(/! No operator has reconciled this job/g)).toHaveLength(1);
  });
});

function end(reason: string, counted: number): NonNullable<WsiTrainingJobStatus['failures']>[number] {
  const pod = 'demo-worker-0';
  return {
    pod,
    uid: 'u',
    failures: 1,
    inARow: 1,
    counted,
    step: 1,
    time: '2026-03-04T11:59:00Z',
    reason,
    message: reason,
  };
}

describe('status', () => {
  it('shows all jobs, one job, and machine-readable objects', async () => {
    cluster.putJob(job({ status: runningStatus }));
    cluster.putJob({ ...job({ name: 'other' }), metadata: { name: 'other', namespace: 'elsewhere' } });
    const { terminal } = cluster;
    expect(await status(cluster.session, undefined, {})).toBe(0);
    expect(terminal.output).toMatch(/^NAME .*\ndemo +Running .*\n$/);
    terminal.output = '';
    await status(cluster.session, undefined, { allNamespaces: true, output: 'name' });
    expect(terminal.output).toBe('wsitrainingjob.wsi.dev/demo\nwsitrainingjob.wsi.dev/other\n');
    terminal.output = '';
    await status(cluster.session, 'demo', { output: 'json' });
    expect(JSON.parse(terminal.output)).toMatchObject({
      metadata: { name: 'demo' },
      status: { phase: 'Running' },
    });
    terminal.output = '';
    await status(cluster.session, 'demo', {});
    expect(terminal.output).toMatch(/Replicas +coordinator 1\/1/);
  });

  it('says that there are no jobs', async () => {
    await status(cluster.session, undefined, {});
    expect(cluster.terminal.notes).toBe('There are no jobs in the namespace lab.\n');
  });

  it('follows one job to its end, through a suspension', async () => {
    cluster.putJob(job({ status: runningStatus }));
    const watching = status(cluster.session, 'demo', { watch: true });
    await cluster.terminal.shows(/step 18\/40/);
    cluster.putJob({ ...stored(), status: suspended });
    await cluster.terminal.shows(/suspended/);
    cluster.putJob({ ...stored(), status: succeeded });
    expect(await watching).toBe(0);
  });

  it('follows all jobs across a restart of the server', async () => {
    cluster.putJob(job({ status: runningStatus }));
    const watching = status(cluster.session, undefined, { watch: true });
    await cluster.terminal.shows(/demo +Running/);
    await cluster.api.restart('lost');
    cluster.putJob(job({ name: 'second', status: failed('InputInvalid') }));
    await cluster.terminal.shows(/second +Failed \(InputInvalid\)/);
    cluster.api.remove(JOB_RESOURCE, 'demo', 'lab');
    await cluster.terminal.shows(/demo was deleted/);
    cluster.terminal.stop.abort();
    expect(await watching).toBe(130);
    expect(cluster.terminal.output.match(/^NAME/gm)).toHaveLength(1);
  });
});

describe('cancel', () => {
  it('suspends, waits, deletes, and says where the checkpoint stays', async () => {
    cluster.putJob(job({ status: runningStatus, spec: { storage: { output: { claimName: 'mine' } } } }));
    const cancelling = cancel(cluster.session, 'demo', {});
    await cluster.terminal.shows(/stopping with a checkpoint/);
    expect(stored()?.spec.suspend).toBe(true);
    cluster.putJob({ ...stored(), status: suspended });
    expect(await cancelling).toBe(0);
    expect(stored()).toBeUndefined();
    expect(cluster.terminal.output).toBe(
      'demo is deleted.\nThe checkpoint after step 15 stays in the PersistentVolumeClaim mine of namespace lab.\n',
    );
  });

  it('does not delete a job that is not suspended in time or has ended instead', async () => {
    cluster.putJob(job({ status: runningStatus }));
    expect(await cancel(cluster.session, 'demo', { timeout: 3 })).toBe(75);
    expect(stored()).toBeDefined();
    const cancelling = cancel(cluster.session, 'demo', {});
    await cluster.terminal.shows(/stopping[^]*stopping/);
    cluster.putJob({ ...stored(), status: succeeded });
    expect(await cancelling).toBe(0);
    expect(stored()).toBeDefined();
    expect(cluster.terminal.output).toContain('has ended meanwhile (Succeeded) and is left as it is');
    expect(await cancel(cluster.session, 'demo', {})).toBe(0);
    expect(cluster.terminal.output).toContain('has ended already');
    expect(await cancel(cluster.session, 'demo', { now: true })).toBe(0);
    expect(stored()).toBeUndefined();
  });

  it('asks for confirmation on a terminal, and says what would be lost', async () => {
    cluster.putJob(job({ status: runningStatus }));
    cluster.terminal.answer = false;
    expect(await cancel(cluster.session, 'demo', { now: true })).toBe(0);
    expect(cluster.terminal.questions[0]).toMatch(
      /is Running\. The checkpoint .* goes with it .* Delete it at once\?$/,
    );
    expect(stored()).toBeDefined();
    await cancel(cluster.session, 'demo', { now: true, yes: true });
    expect(stored()).toBeUndefined();
    expect(cluster.terminal.questions).toHaveLength(1);
  });
});

describe('suspend, resume, scale', () => {
  it('change the spec', async () => {
    cluster.putJob(job({ status: runningStatus }));
    const suspending = suspend(cluster.session, 'demo', { wait: true });
    while (stored()?.spec.suspend !== true) await cluster.terminal.clock.sleep(100);
    cluster.putJob({ ...stored(), status: suspended });
    expect(await suspending).toBe(0);
    expect(await scale(cluster.session, 'demo', { workers: 7, servers: 3 })).toBe(0);
    expect(await resume(cluster.session, 'demo')).toBe(0);
    expect(stored()?.spec).toMatchObject({
      suspend: false,
      workers: { replicas: 7 },
      parameterServers: { replicas: 3 },
    });
    expect(cluster.terminal.output).toContain('demo: 7 workers, 3 parameter servers\n');
    await scale(cluster.session, 'demo', { workers: 1, servers: 1 });
    expect(cluster.terminal.output).toContain('demo: 1 worker, 1 parameter server\n');
  });

  it('refuse a job that has ended, and an empty change', async () => {
    cluster.putJob(job({ status: succeeded }));
    expect(await shownError(scale(cluster.session, 'demo', { workers: 7 }))).toMatch(
      /has ended already \(Succeeded\)/,
    );
    expect(await shownError(scale(cluster.session, 'demo', {}))).toMatch(/--workers or --servers/);
  });
});

describe('an error message', () => {
  it('suggests the job that was meant, or lists the existing ones', async () => {
    cluster.putJob(job({ name: 'cohort-a' }));
    expect(await shownError(status(cluster.session, 'cohrot-a', {}))).toBe(
      'there is no job "cohrot-a" in the namespace lab. Did you mean cohort-a?',
    );
    expect(await shownError(status(cluster.session, 'z', {}))).toMatch(/There are: cohort-a\.$/);
  });

  it('suggests the namespace that was meant', async () => {
    const session = { ...cluster.session, namespace: 'lba' };
    expect(await shownError(status(session, 'demo', {}))).toBe(
      'context fake: there is no namespace "lba". Did you mean lab?',
    );
  });

  it('says how to install what is missing', async () => {
    const bare = await TestCluster.start({ resources: [] });
    try {
      const { session } = bare;
      const thrown: unknown = await status(session, undefined, {}).catch((error: unknown) => error);
      expect(String(await explain(thrown, session))).toMatch(
        /does not know WsiTrainingJob .*kubectl apply -k manifests\/base$/,
      );
    } finally {
      await bare[Symbol.asyncDispose]();
    }
  });

  it('names the verb and the resource that are forbidden', async () => {
    const message =
      'wsitrainingjobs.wsi.dev is forbidden: User "eva" cannot list resource "wsitrainingjobs" in API group "wsi.dev" in the namespace "lab"';
    const closed = await TestCluster.start({
      resources: [{ ...JOB_RESOURCE, status: true }],
      authorize: ({ verb }) => (verb === 'list' ? new Refusal(403, 'Forbidden', message) : undefined),
    });
    try {
      const { session } = closed;
      const thrown: unknown = await status(session, undefined, {}).catch((error: unknown) => error);
      expect(String(await explain(thrown, session))).toMatch(
        /: eva may not list wsitrainingjobs\.wsi\.dev in the namespace lab\. Ask .* kubectl auth can-i list wsitrainingjobs\.wsi\.dev -n lab/,
      );
      // What may be read of a job is shown without the rest.
      closed.putJob(job({ status: runningStatus }));
      expect(await describeCommand(session, 'demo')).toBe(0);
      expect(closed.terminal.notes).toMatch(/! No pods: .*eva may not list/);
      expect(closed.terminal.output).toContain('Conditions');
    } finally {
      await closed[Symbol.asyncDispose]();
    }
  });

  it('passes on what a quota says, and every field that the server refuses', async () => {
    cluster.api.answer(403, { message: 'exceeded quota: jobs', match: ({ method }) => method === 'POST' });
    expect(await shownError(submitted())).toBe('exceeded quota: jobs.');
  });

  it('says that a cluster does not answer', async () => {
    const { session } = cluster;
    await cluster[Symbol.asyncDispose]();
    expect(await shownError(session.client.raw('GET', '/version', undefined, {}, { retry: false }))).toBe(
      `${session.client.server.origin} (context fake): the cluster cannot be reached (ECONNREFUSED). ` +
        'Is it up, and is this the right context? kubectl --context fake version',
    );
  });
});

it('a namespace is there', () => {
  expect(cluster.api.objects(NAMESPACE_RESOURCE)).toHaveLength(1);
});
