/** From the previous revision of chart and operator to this one, with a job running. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { loadImage } from './control.ts';
import { itWhere } from './it-where.ts';
import { prepareNamespace, quietDigest, untilEmpty } from './prepared-namespace.ts';
import { checkOut, previousRevision, type Revision } from './previous-revision.ts';
import { Session, WAIT } from './session.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-upgrade';
const EPOCHS = 40;

const session = new Session();
const { operatorNamespace, release, values, chart } = session.file;
const commit = await previousRevision();
let directory: string;
let expected: string;
let previous: Revision | undefined;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-upgrade-'));
  expected = await quietDigest(session, NAMESPACE, EPOCHS);
});
afterAll(async () => {
  await helmUpgrade(chart);
  await previous?.remove();
  await rm(directory, { recursive: true, force: true });
});

async function helmUpgrade(from: string, ...set: string[]): Promise<void> {
  const flags = ['--namespace', operatorNamespace, '--values', values, '--wait', '--timeout=120s'];
  await session.helm(['upgrade', release, from, ...flags, ...set.flatMap((one) => ['--set', one])]);
}

async function uidsOf(namespace: string, selector: string): Promise<string[]> {
  const pods = await session.list('pods', namespace, selector);
  return pods.map(({ metadata }) => metadata.uid as string).sort();
}

describe('an upgrade', () => {
  itWhere(commit !== undefined, 'the history of the repository is not here')(
    'replaces the operator and leaves a running job alone, which ends with the same parameters',
    async () => {
      previous = await checkOut(commit!, directory);
      const image = await loadImage(session, previous.archive, previous.image);
      const colon = image.lastIndexOf(':');
      const [repository, tag] = [image.slice(0, colon), image.slice(colon + 1)];
      await helmUpgrade(previous.chart, `image.repository=${repository}`, `image.tag=${tag}`);
      const operators = `app.kubernetes.io/instance=${release}`;
      const before = await uidsOf(operatorNamespace, operators);
      await session.apply(trainingJob({ name: 'long', namespace: NAMESPACE, epochs: EPOCHS }));
      await session.untilStep('long', NAMESPACE, 8);
      const pods = await uidsOf(NAMESPACE, 'wsi.dev/job-name=long');
      expect(pods.length).toBeGreaterThanOrEqual(4);

      await helmUpgrade(chart);
      expect(await uidsOf(operatorNamespace, operators)).not.toEqual(before);
      const during = await session.statusOf('long', NAMESPACE);
      if (during.phase === 'Running') expect(await uidsOf(NAMESPACE, 'wsi.dev/job-name=long')).toEqual(pods);

      const status = await session.untilCondition('long', NAMESPACE, 'Succeeded');
      expect(status.parametersSha256).toBe(expected);
      expect(status.failures ?? []).toEqual([]);
      await session.kubectl(['delete', 'wtj', 'long', '-n', NAMESPACE, '--wait=true', WAIT]);
      await untilEmpty(session, NAMESPACE);
    },
  );
});
