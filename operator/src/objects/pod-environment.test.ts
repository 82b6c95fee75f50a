import { describe, expect, it } from '@jest/globals';
import { checkManifest } from '@wsi-operator/api';
import { launchOf } from '../cluster/local/launch.ts';
import { DEFAULT_SETTINGS, LOCAL_SETTINGS } from '../job/settings.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import { buildJob } from '../testing/builders.ts';
import { ROLES, type Role } from '../job/names.ts';
import { buildPod } from './pods.ts';

const containers = [{ name: 'trainer', env: [{ name: 'WSI_DETAILS', value: 'shown' }] }];
const job = buildJob({
  templates: Object.fromEntries(ROLES.map((role) => [role, { spec: { containers } }])),
});

function variable(pod: V1Pod, name: string): (string | undefined)[] {
  const trainer = pod.spec?.containers.find((container) => container.name === 'trainer');
  return (trainer?.env ?? []).filter((variable) => variable.name === name).map(({ value }) => value);
}

describe.each(ROLES)('what may name patients in the pod of a %s', (role: Role) => {
  it('is hidden, whatever the template says', () => {
    const pod = buildPod(
      job,
      { role, index: 0 },
      { ...DEFAULT_SETTINGS, trainerImage: 'registry/trainer:1' },
    );
    expect(variable(pod, 'WSI_DETAILS')).toEqual(['hidden']);
  });

  it("is shown where the run is the user's own, whatever the environment says", () => {
    const launch = launchOf(buildPod(job, { role, index: 0 }, LOCAL_SETTINGS), {
      entrypoint: ['/bin/node'],
      privateDirectory: '/tmp/run',
      output: '/tmp/output',
      environment: { WSI_DETAILS: 'hidden' },
    });
    expect(launch.environment['WSI_DETAILS']).toBe('shown');
  });
});

it('a template that names the variable is refused', () => {
  const template = { spec: { containers } };
  const { spec } = buildJob({});
  const manifest = {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name: 'lung' },
    spec: { ...spec, workers: { ...spec.workers, template } },
  };
  const reported = JSON.stringify(checkManifest(JSON.stringify(manifest), 'job.json'));
  expect(reported).toContain('WSI_DETAILS');
  expect(reported).not.toContain('WSI_REPLICAS');
});
