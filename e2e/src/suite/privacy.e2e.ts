/** What of patients leaves the output volume of a job on a cluster: nothing, be it that its run succeeds or fails. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { prepareNamespace } from './prepared-namespace.ts';
import {
  DAMAGED_TABLE,
  PRIVATE_POD,
  PRIVATE_TABLE,
  PRIVATE_WORDS,
  privateCohortPod,
} from './private-cohort.ts';
import { podSucceeds } from './synthetic-cohort.ts';
import { Session, WAIT } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-privacy';
const session = new Session();
const { operatorNamespace } = session.file;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  await session.apply(privateCohortPod(NAMESPACE, session.file.trainerImage));
  await podSucceeds(session, NAMESPACE, PRIVATE_POD);
  // It has the names in its script.
  await session.kubectl(['delete', 'pod', PRIVATE_POD, '-n', NAMESPACE, '--wait=true', WAIT]);
});

async function submit(name: string, table: string): Promise<void> {
  const job = trainingJob({ name, namespace: NAMESPACE, epochs: 1, workers: 1, servers: 1 });
  const { cohort } = job.spec;
  await session.apply({
    ...job,
    spec: { ...job.spec, cohort: { ...cohort, table } },
  });
}

/** The logs of a job's pods, by pod, from now until each of them has ended: those that still run then are deleted. */
async function followLogs(name: string): Promise<Map<string, string>> {
  const logs = ['coordinator-0', 'server-0', 'worker-0'].map(async (of) => {
    const pod = `${name}-${of}`;
    const log = await session.until(`the log of ${pod} has been read`, async () => {
      const follow = ['logs', pod, '-n', NAMESPACE, '--follow', '--all-containers', '--tail=-1'];
      const { code, stdout, stderr } = await session.tryKubectl(follow);
      return code === 0 && stdout !== '' ? { done: stdout } : { seen: stderr };
    });
    return [pod, log] as const;
  });
  return new Map(await Promise.all(logs));
}

/** Everything else that those can read who may not read the output volume, by where it was read. */
async function everything(): Promise<Map<string, string>> {
  const read = new Map<string, string>();
  const kinds = 'wtj,pods,configmaps,services,events,jobs,networkpolicies,poddisruptionbudgets';
  read.set('objects', await session.kubectl(['get', kinds, '-n', NAMESPACE, '-o=json']));
  read.set(
    'events of the operator',
    await session.kubectl(['get', 'events', '-n', operatorNamespace, '-o=json']),
  );
  const metrics = "console.log(await (await fetch('http://127.0.0.1:8080/metrics')).text())";
  const node = ['/usr/local/bin/node', '--input-type=module', '--eval', metrics];
  for (const pod of await session.list('pods', operatorNamespace)) {
    const name = pod.metadata.name as string;
    read.set(`log of ${name}`, await session.kubectl(['logs', name, '-n', operatorNamespace, '--tail=-1']));
    read.set(
      `metrics of ${name}`,
      await session.kubectl(['exec', name, '-n', operatorNamespace, '--', ...node]),
    );
  }
  return read;
}

function leaks(read: ReadonlyMap<string, string>): string[] {
  return [...read].flatMap(([where, text]) =>
    PRIVATE_WORDS.filter((word) => text.toLowerCase().includes(word.toLowerCase())).map(
      (word) => `${where}: ${word}`,
    ),
  );
}

describe('patients, outcomes and slides', () => {
  it('are named nowhere outside the output volume by a run that succeeds', async () => {
    await submit('kept', PRIVATE_TABLE);
    const following = followLogs('kept');
    await session.untilCondition('kept', NAMESPACE, 'Succeeded');
    const logs = await following;
    expect(logs.get('kept-coordinator-0')).toContain('"job":"kept"');
    const read = await everything();
    expect([...read.values()].some((text) => text.includes('wsi_job_'))).toBe(true);
    expect(leaks(new Map([...logs, ...read]))).toEqual([]);
  });

  it('are not named by a run that fails on a slide, which is reported by its line in the table', async () => {
    await submit('cut', DAMAGED_TABLE);
    const following = followLogs('cut');
    const status = await session.untilCondition('cut', NAMESPACE, 'Failed');
    const failed = status.conditions.find(({ type }: { type: string }) => type === 'Failed');
    expect(failed.message).toContain('line 2 of the table');
    expect(failed.message).toContain('details in OUTPUT/failure.json');
    const logs = await following;
    expect(logs.get('cut-coordinator-0')).toContain('role failed');
    expect(leaks(new Map([...logs, ...(await everything())]))).toEqual([]);
    // An ended pod stays for its log.
    await session.kubectl(['logs', 'cut-coordinator-0', '-n', NAMESPACE]);
  });
});
