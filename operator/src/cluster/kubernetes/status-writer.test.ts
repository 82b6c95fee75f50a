/** A definition in the cluster that is older than the operator. */
import { describe, expect, it } from '@jest/globals';
import { Refusal } from '@wsi-operator/controller/testing';
import { KubernetesBed } from '../../testing/kubernetes-bed.ts';
import { PODS } from './resources.ts';

const TYPED =
  'failed to create typed patch object (default/lung; wsi.dev/v1alpha1, Kind=WsiTrainingJob): .status.autoscaling: field not declared in schema';

describe('a status that cannot be stored', () => {
  it.each([
    [500, 'InternalError', TYPED],
    [422, 'Invalid', 'status.phase: Unsupported value: "Starting"'],
    [404, 'NotFound', 'the server could not find the requested resource'],
  ] as const)('stops nothing, and is reported once: %i', async (code, reason, words) => {
    const authorize = ({ subresource }: { readonly subresource?: string | undefined }) =>
      subresource === 'status' ? new Refusal(code, reason, words) : undefined;
    await using bed = await KubernetesBed.start({ server: { authorize } });
    await bed.submit();
    for (let round = 0; round < 5; round += 1) {
      await bed.pass();
      bed.startPods();
      await bed.settle();
    }
    expect(bed.names(PODS).length).toBe(4);
    bed.endPod('lung-worker-0', 1);
    await bed.settle();
    for (let round = 0; round < 3; round += 1) expect((await bed.pass()).kind).toBe('done');
    const reported = bed.events.map((event) => event.reason);
    expect(reported.filter((one) => one === 'DefinitionOutdated')).toEqual(['DefinitionOutdated']);
    const outdated = bed.events.find(({ reason: one }) => one === 'DefinitionOutdated');
    expect(outdated).toMatchObject({
      type: 'Warning',
      message: expect.stringMatching(
        /backoffLimit.*activeDeadlineSeconds.*sizes.*restarted.*forgotten/u,
      ) as unknown,
    });
    // Counted once, although it is nowhere stored.
    expect(reported.filter((one) => one === 'PodCrashed')).toEqual(['PodCrashed']);
    expect(bed.status()).toEqual({});
  });

  it('for want of a right is no such thing', async () => {
    const authorize = ({ subresource }: { readonly subresource?: string | undefined }) =>
      subresource === 'status' ? new Refusal(403, 'Forbidden', 'not allowed') : undefined;
    await using bed = await KubernetesBed.start({ server: { authorize } });
    await bed.submit();
    expect((await bed.pass()).kind).toBe('failed');
    expect(bed.events.map((event) => event.reason)).not.toContain('DefinitionOutdated');
  });
});
