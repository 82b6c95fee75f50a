/** The life of a job's Secret of certificates, from a pass that makes it to the end of the job. */
import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { findCondition } from '@wsi-operator/api';
import type { KubernetesObject } from '@wsi-operator/controller';
import { Refusal, type FakeApiServerOptions } from '@wsi-operator/controller/testing';
import { systemClock, type Clock } from '@wsi-operator/foundation';
import { KubernetesBed, NAMESPACE, until } from '../../testing/kubernetes-bed.ts';
import { VALID_DAYS } from '../../plan/certificates.ts';
import { JOBS, PODS, SECRETS } from './resources.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Real time, of which some can be skipped. */
class LeapClock implements Clock {
  #skipped = 0;

  skip(milliseconds: number): void {
    this.#skipped += milliseconds;
  }

  now(): number {
    return systemClock.now() + this.#skipped;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#skipped;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(milliseconds, signal);
  }
}

function secretOf(bed: KubernetesBed): (KubernetesObject & { data?: Record<string, string> }) | undefined {
  return bed.server.objects(SECRETS)[0];
}

function file(bed: KubernetesBed, name: string): string {
  return Buffer.from(secretOf(bed)?.data?.[name] ?? '', 'base64').toString();
}

function expiry(bed: KubernetesBed): number {
  return new X509Certificate(file(bed, 'ca.crt')).validToDate.getTime();
}

/** Of each pod: until when its certificates last. */
function setsOfPods(bed: KubernetesBed): number[] {
  const sets = bed.server
    .objects(PODS)
    .map(({ metadata }) => Date.parse(metadata.annotations?.['wsi.dev/certificates'] ?? ''));
  return [...new Set(sets)];
}

/** Passes and kubelets, until all four pods run with the certificates of the Secret. */
async function running(bed: KubernetesBed): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await bed.passes();
    bed.startPods();
    await bed.settle();
  }
  expect(bed.names(PODS).length).toBe(4);
  expect(setsOfPods(bed)).toEqual([expiry(bed)]);
  expect(bed.status().phase).toBe('Running');
}

async function start(clock: Clock, server: FakeApiServerOptions = {}): Promise<KubernetesBed> {
  const bed = await KubernetesBed.start({ clock, server });
  await bed.submit();
  await running(bed);
  return bed;
}

describe("the Secret with a job's certificates", () => {
  it('belongs to the job and holds, for each role, a key and a leaf of the one authority', async () => {
    const clock = new LeapClock();
    await using bed = await start(clock);
    const [job] = bed.server.objects(JOBS);
    const { metadata, data = {} } = secretOf(bed)!;
    expect(metadata.name).toBe('lung-tls');
    expect(metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'WsiTrainingJob', uid: job?.metadata.uid, controller: true }),
    ]);
    const roles = ['coordinator', 'operator', 'server', 'worker'];
    const leaves = roles.flatMap((role) => [`${role}.crt`, `${role}.key`]);
    expect(Object.keys(data).sort()).toEqual(['ca.crt', ...leaves].sort());
    const authority = new X509Certificate(file(bed, 'ca.crt'));
    for (const role of roles) {
      const leaf = new X509Certificate(file(bed, `${role}.crt`));
      expect(leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.checkPrivateKey(createPrivateKey(file(bed, `${role}.key`)))).toBe(true);
    }
    expect(expiry(bed)).toBeGreaterThan(clock.now() + (VALID_DAYS - 1) * DAY);
  });

  it('is filled again when its end is near: late for a job that runs, whose pods then start again with it', async () => {
    const clock = new LeapClock();
    await using bed = await start(clock);
    const { metadata, data } = secretOf(bed)!;
    clock.skip((VALID_DAYS - 20) * DAY);
    await running(bed);
    // A restart is put off: the job may end before.
    expect(secretOf(bed)?.data).toEqual(data);
    clock.skip(18 * DAY);
    const before = bed.server.objects(PODS).map(({ metadata: { uid } }) => uid);
    await running(bed);
    expect(secretOf(bed)?.metadata.uid).toBe(metadata.uid);
    expect(secretOf(bed)?.data?.['ca.crt']).not.toBe(data?.['ca.crt']);
    expect(expiry(bed)).toBeGreaterThan(clock.now() + (VALID_DAYS - 1) * DAY);
    expect(bed.server.objects(PODS).some((pod) => before.includes(pod.metadata.uid))).toBe(false);
  });

  it('is made again when somebody has deleted it, with a new authority, and pods follow', async () => {
    const clock = new LeapClock();
    await using bed = await start(clock);
    const [authority, uid] = [file(bed, 'ca.crt'), secretOf(bed)?.metadata.uid];
    bed.server.remove(SECRETS, 'lung-tls', NAMESPACE);
    bed.takeRequests();
    await bed.pass();
    // Not read in each pass.
    expect(bed.takeRequests()).toEqual([]);
    clock.skip(15 * MINUTE);
    await running(bed);
    expect(secretOf(bed)?.metadata.uid).not.toBe(uid);
    expect(file(bed, 'ca.crt')).not.toBe(authority);
  });

  it('that is deleted again and again does not have the pods start again each time, and that is reported', async () => {
    const clock = new LeapClock();
    await using bed = await start(clock);
    const authorities: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      bed.server.remove(SECRETS, 'lung-tls', NAMESPACE);
      clock.skip(15 * MINUTE);
      await running(bed);
      authorities.push(file(bed, 'ca.crt'));
    }
    // The first deletion has it renewed; within an hour of that it stays what it is.
    expect(new Set(authorities.slice(0, 4)).size).toBe(1);
    expect(new Set(authorities).size).toBe(2);
    expect(bed.status().warnings).toContainEqual({
      reason: 'ObjectContested',
      message: expect.stringMatching(/ \(Secret lung-tls\)$/),
    });
    expect(bed.status().phase).toBe('Running');
  });

  it('that cannot be read for a while does not keep a job that runs from being reconciled', async () => {
    const clock = new LeapClock();
    let closed = false;
    await using bed = await start(clock, {
      authorize: ({ resource }) =>
        closed && resource?.plural === 'secrets' ? new Refusal(403, 'Forbidden', 'not today') : undefined,
    });
    const authority = file(bed, 'ca.crt');
    closed = true;
    clock.skip(15 * MINUTE);
    bed.endPod('lung-worker-1', 137);
    await bed.settle();
    bed.takeRequests();
    await running(bed);
    expect(bed.status().failures?.length).toBe(1);
    expect(bed.takeRequests().filter((request) => request.endsWith('secrets'))).toEqual(['get secrets']);
    closed = false;
    clock.skip(15 * MINUTE);
    await running(bed);
    expect(file(bed, 'ca.crt')).toBe(authority);
  });

  it('is removed when the job has ended, and its keys are not kept in memory', async () => {
    await using bed = await start(new LeapClock());
    bed.endPod('lung-coordinator-0', 0, '{}');
    for (let round = 0; round < 4; round += 1) {
      await bed.settle();
      await bed.passes();
      for (const name of bed.names(PODS)) {
        if (name !== 'lung-coordinator-0') bed.server.remove(PODS, name, NAMESPACE);
      }
    }
    expect(bed.status().phase).toBe('Succeeded');
    expect(secretOf(bed)).toBeUndefined();
    bed.takeRequests();
    await bed.pass();
    expect(bed.takeRequests()).toEqual([]);
  });

  it('makes certificates again when their Secret is damaged, but never over somebody else’s Secret', async () => {
    await using bed = await KubernetesBed.start();
    const theirs = bed.server.put(SECRETS, {
      metadata: { name: 'lung-tls', namespace: NAMESPACE },
      data: { password: 'c2VjcmV0' },
    });
    const job = await bed.submit();
    expect((await bed.pass()).kind).toBe('failed');
    expect(bed.server.objects(SECRETS)).toEqual([theirs]);
    bed.takeRequests();
    expect((await bed.pass()).kind).toBe('failed');
    // Neither keys nor requests are made for a name that was taken just now; it is reported.
    expect(bed.takeRequests()).not.toContain('create secrets');
    expect(findCondition(bed.status().conditions, 'Running')?.message).toMatch(/lung-tls: .*name is taken/);
    const said = bed.events.filter(({ reason }) => reason === 'ActionFailed').map(({ message }) => message);
    expect(said).toEqual([expect.stringMatching(/Secret default\/lung-tls: the name is taken/)]);
    const owner = {
      apiVersion: 'wsi.dev/v1alpha1',
      kind: 'WsiTrainingJob',
      name: 'lung',
      uid: job.metadata.uid,
      controller: true,
    };
    bed.server.put(SECRETS, { ...theirs, metadata: { ...theirs.metadata, ownerReferences: [owner] } });
    await bed.settle();
    await until('it is asked again', async () => (await bed.pass()).kind === 'done');
    expect(Object.keys(bed.server.objects(SECRETS)[0]?.['data'] as object)).toContain('coordinator.key');
  });

  it('is refused by a quota: reported in the conditions, and not tried in each pass', async () => {
    let full = true;
    const message = 'secrets "lung-tls" is forbidden: exceeded quota: compute, limited: count/secrets=1';
    await using bed = await KubernetesBed.start({
      server: {
        authorize: ({ verb, resource }) =>
          full && verb === 'create' && resource?.plural === 'secrets'
            ? new Refusal(403, 'Forbidden', message)
            : undefined,
      },
    });
    await bed.submit();
    for (let round = 0; round < 5; round += 1) expect((await bed.pass()).kind).toBe('failed');
    expect(bed.takeRequests().filter((request) => request === 'create secrets').length).toBe(1);
    const condition = findCondition(bed.status().conditions, 'Running');
    expect([condition?.status, condition?.reason]).toEqual(['False', 'QuotaExceeded']);
    expect(condition?.message).toContain(`cannot create Secret lung-tls: ${message}`);
    expect(bed.names(PODS)).toEqual([]);
    full = false;
    await until('it is asked again', async () => (await bed.pass()).kind === 'done');
    await running(bed);
  });

  it('is read again when another process has filled it at the same time', async () => {
    const clock = new LeapClock();
    await using bed = await start(clock);
    clock.skip((VALID_DAYS - 2) * DAY);
    bed.server.answer(409, {
      match: ({ verb, resource }) => verb === 'patch' && resource?.plural === 'secrets',
    });
    const outcome = await bed.pass();
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'StaleGeneration' } });
    expect(bed.events.filter(({ reason }) => reason === 'ActionFailed')).toEqual([]);
    await running(bed);
    expect(expiry(bed)).toBeGreaterThan(clock.now() + (VALID_DAYS - 1) * DAY);
  });
});
