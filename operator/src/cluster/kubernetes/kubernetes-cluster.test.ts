import { describe, expect, it } from '@jest/globals';
import { findCondition, isTrue } from '@wsi/api';
import { KubernetesBed } from '../../testing/kubernetes-bed.ts';
import { JOBS, OWNED, PODS, SECRETS } from './resources.ts';

const [SERVICES, CONFIG_MAPS] = OWNED as [(typeof OWNED)[number], (typeof OWNED)[number]];

describe('KubernetesCluster', () => {
  it('turns a job into its objects, certificates and pods, runs it and cleans up', async () => {
    await using bed = await KubernetesBed.start();
    await bed.submit();
    await bed.passes();
    expect(bed.names(PODS)).toEqual(['lung-coordinator-0', 'lung-server-0']);
    expect(bed.names(SERVICES)).toEqual(['lung']);
    expect(bed.names(CONFIG_MAPS)).toEqual(['lung-job']);
    expect(bed.names(SECRETS)).toEqual(['lung-tls']);
    bed.startPods();
    await bed.settle();
    await bed.passes();
    expect(bed.names(PODS).length).toBe(4);
    bed.startPods();
    await bed.settle();
    await bed.passes();
    expect(isTrue(bed.status().conditions, 'Running')).toBe(true);
    expect(bed.status().phase).toBe('Running');
    const result = { parametersSha256: 'a'.repeat(64), steps: 7, tiles: 9, tilesPerSecond: 3 };
    bed.endPod(
      'lung-coordinator-0',
      0,
      JSON.stringify({ ...result, metrics: { loss: 1 }, peakMemoryBytes: {} }),
    );
    await bed.settle();
    await bed.passes();
    expect(bed.status().phase).toBe('Succeeded');
    expect(bed.status().parametersSha256).toBe(result.parametersSha256);
    expect(findCondition(bed.status().conditions, 'Succeeded')?.reason).toBe('TrainingCompleted');
    const owners = bed.server.objects(JOBS).map(({ metadata }) => metadata.uid);
    for (const resource of [PODS, SERVICES, CONFIG_MAPS, SECRETS]) {
      for (const { metadata } of bed.server.objects(resource)) {
        expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(owners);
      }
    }
    expect(bed.events.every(({ regarding }) => regarding.uid === owners[0])).toBe(true);
  });
});
