/** A namespace with the cohort on a claim and the digest that the suites' job must end with. */
import { afterAll, beforeAll } from '@jest/globals';
import { makeCohort } from './synthetic-cohort.ts';
import { WAIT, type Session } from './session.ts';
import { trainingJob } from './training-job.ts';

/** Makes the namespace before the tests of a file and removes it after them. */
export function prepareNamespace(session: Session, namespace: string): void {
  beforeAll(async () => {
    await session.makeNamespace(namespace);
    await makeCohort(session, namespace);
  });
  afterAll(() => session.removeNamespace(namespace));
}

/** Runs a job without any fault to its end. @returns the digest of its parameters */
export async function quietDigest(session: Session, namespace: string, epochs: number): Promise<string> {
  await session.apply(trainingJob({ name: 'quiet', namespace, epochs, workers: 1, servers: 1 }));
  const status = await session.untilCondition('quiet', namespace, 'Succeeded');
  await session.kubectl(['delete', 'wtj', 'quiet', '-n', namespace, '--wait=true', WAIT]);
  return status.parametersSha256 as string;
}

/** Waits until nothing of any job is left in the namespace. */
export async function untilEmpty(session: Session, namespace: string): Promise<void> {
  const kinds = 'pods,services,configmaps,secrets,networkpolicies,poddisruptionbudgets';
  await session.until(`no object of a job is left in ${namespace}`, async () => {
    const left = await session.list(kinds, namespace, 'app.kubernetes.io/managed-by=wsi-operator');
    return left.length === 0
      ? { done: undefined }
      : { seen: left.map(({ kind, metadata }) => [kind, metadata.name]) };
  });
}
