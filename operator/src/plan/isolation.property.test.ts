/** What is allowed in the profile `restricted` becomes pods that meet the standard, whatever else a template says. */
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_ISOLATION, type WsiTrainingJob } from '@wsi-operator/api';
import { isolatedParts, isolationChoices, type IsolatedParts } from '@wsi-operator/api/testing/templates';
import * as fc from 'fast-check';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { V1PodSpec } from '../kubernetes-types.ts';
import { buildJob } from '../testing/builders.ts';
import { restrictedFaults } from '../testing/pod-security-standard.ts';
import { isolationMessage } from '../job/isolation.ts';
import { desiredSlots } from '../job/names.ts';
import { buildPod } from '../objects/pods.ts';

const settings: ClusterSettings = { ...DEFAULT_SETTINGS, isolation: DEFAULT_ISOLATION };
const base = buildJob();
const withParts = ({ coordinator, parameterServers, workers }: IsolatedParts): WsiTrainingJob => {
  const { spec } = base;
  const roles = {
    coordinator: { ...spec.coordinator, template: coordinator },
    parameterServers: { ...spec.parameterServers, template: parameterServers },
    workers: { ...spec.workers, template: workers },
  };
  return { ...base, spec: { ...spec, ...roles } };
};
const podsOf = (job: WsiTrainingJob, given = settings): ReturnType<typeof buildPod>[] =>
  desiredSlots(job, 1).map((slot) => buildPod(job, slot, given));
const identities = fc.constantFrom('fixed' as const, 'platform' as const);

describe('in the profile restricted', () => {
  test('every pod of an allowed job meets the standard, and has no token', () => {
    let allowed = 0;
    fc.assert(
      fc.property(isolatedParts, identities, (parts, podIdentity) => {
        const job = withParts(parts);
        if (!wellTyped(parts) || isolationMessage(job, settings) !== undefined) return;
        if (JSON.stringify(parts).includes('securityContext')) allowed += 1;
        for (const pod of podsOf(job, { ...settings, podIdentity })) {
          expect(restrictedFaults(pod)).toEqual([]);
          expect(pod.spec?.automountServiceAccountToken).toBe(false);
          expect(JSON.stringify(pod.spec)).not.toContain('serviceAccountToken"');
        }
      }),
      { numRuns: 1000 },
    );
    // Enough of them for the property to say something.
    expect(allowed).toBeGreaterThan(30);
  });

  test('a job whose pods would not meet the standard is refused', () => {
    let refused = 0;
    fc.assert(
      fc.property(isolatedParts, (parts) => {
        const job = withParts(parts);
        const faults = wellTyped(parts) ? podsOf(job).flatMap(restrictedFaults) : [];
        if (faults.length === 0) return;
        refused += 1;
        expect([faults, isolationMessage(job, settings)]).toEqual([faults, expect.any(String)]);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(30);
  });

  test('workers with GPUs are allowed, and keep them', () => {
    const limits = { 'nvidia.com/gpu': 1 };
    const template = {
      spec: {
        containers: [{ name: 'trainer', resources: { limits } }],
        nodeSelector: { 'nvidia.com/gpu.present': 'true' },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
        runtimeClassName: 'nvidia',
      },
    };
    const job = withParts({
      labels: {},
      coordinator: {},
      parameterServers: {},
      workers: template,
      runPolicy: {},
    });
    expect(isolationMessage(job, settings)).toBeUndefined();
    const worker = podsOf(job).find(({ metadata }) => metadata?.name?.includes('worker'))?.spec as V1PodSpec;
    expect(worker).toMatchObject({ runtimeClassName: 'nvidia', tolerations: template.spec.tolerations });
    expect(worker.containers[0]?.resources?.limits).toEqual(limits);
  });
});

test('whatever the settings and the template, there is an answer', () => {
  fc.assert(
    fc.property(isolatedParts, isolationChoices, (parts, isolation) => {
      const said = isolationMessage(withParts(parts), { ...settings, isolation });
      expect(said === undefined || said.length > 0).toBe(true);
    }),
  );
});

/** Others than these cannot be pods: the API server refuses them by type. */
function wellTyped(parts: IsolatedParts): boolean {
  try {
    podsOf(withParts(parts)).map(restrictedFaults);
    return true;
  } catch {
    return false;
  }
}
