/** Objects that somebody else changes or deletes while the job runs. */
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@wsi-operator/controller/testing';
import { KubernetesBed, NAMESPACE } from '../../testing/kubernetes-bed.ts';
import { Contests } from './contests.ts';
import type { Resource } from '@wsi-operator/controller';
import { OWNED } from './resources.ts';

const [SERVICES, CONFIG_MAPS] = OWNED as readonly [Resource, Resource];

describe('Contests', () => {
  const hour = 3_600_000;

  it('are repairs of the same content, several within an hour', async () => {
    const clock = new ManualClock();
    const contests = new Contests(clock);
    const write = (content: unknown): void => contests.written('job', 'id', 'ConfigMap lung-job', content);
    for (const content of [1, 2, 3, 4, 5]) write(content);
    expect(contests.list('job')).toEqual([]);
    for (let repair = 0; repair < 3; repair += 1) {
      expect(contests.list('job')).toEqual([]);
      write(5);
    }
    expect(contests.list('job')).toEqual(['ConfigMap lung-job']);
    expect(contests.list('other')).toEqual([]);
    await clock.advance(hour);
    expect(contests.list('job')).toEqual([]);
  });

  it('are none where the operator removes the object itself', () => {
    const contests = new Contests(new ManualClock());
    for (let round = 0; round < 9; round += 1) {
      contests.written('job', 'id', 'Workload lung', 1);
      contests.removed('job', 'id');
    }
    expect(contests.list('job')).toEqual([]);
  });
});

describe('a job that runs', () => {
  it('reports that somebody undoes what the operator repairs, with the names, and goes on', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit();
    for (let round = 0; round < 4; round += 1) {
      await bed.passes();
      bed.startPods();
      await bed.settle();
    }
    expect(bed.status().warnings?.map(({ reason }) => reason)).toEqual(['OutputNotPersistent']);
    const [configMap] = bed.server.objects(CONFIG_MAPS);
    for (let round = 0; round < 4; round += 1) {
      bed.server.put(CONFIG_MAPS, { ...configMap, data: { 'job.yaml': 'rubbish' } });
      bed.server.remove(SERVICES, 'lung', NAMESPACE);
      await bed.settle();
      await bed.passes();
    }
    const [reported] = bed.status().warnings?.filter(({ reason }) => reason === 'ObjectContested') ?? [];
    expect(reported?.message).toMatch(/ \(ConfigMap lung-job, Service lung\)$/);
    expect(bed.events.filter(({ reason }) => reason === 'ObjectContested').length).toBe(1);
    expect(bed.status().phase).toBe('Running');
  });
});
