import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { planGang } from '../gangs/index.ts';
import { gangInput } from '../gangs/testing/gang-input.ts';
import { DEFAULT_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import { buildJob, seen } from '../testing/builders.ts';
import { warningEvents, warningsOf } from './warnings.ts';

const storage = { output: { claimName: 'results' } } as never;
const settings = { ...DEFAULT_SETTINGS };
const quiet = { expiring: false };
const topology = {
  worker: { metadata: { annotations: { 'kueue.x-k8s.io/podset-required-topology': 'rack' } } },
};
/** As a pass finds them: whether a topology is ignored, the job's gang says. */
const reasons = (job: WsiTrainingJob, found = quiet, given: ClusterSettings = settings): string[] => {
  const { topologyIgnored } = planGang(gangInput(job, seen([]), 0, given));
  return warningsOf(job, given, { ...found, topologyIgnored }).map(({ reason }) => reason);
};

describe('warnings', () => {
  it('are none for a job that is as it should be', () => {
    expect(reasons(buildJob({ storage }))).toEqual([]);
  });

  it('tell a manager at the place where it was written before, and not one where it is written now', () => {
    const outdated = buildJob({ storage, runPolicy: { managedBy: 'wsi.dev/operator' } });
    expect(reasons(outdated)).toEqual(['FieldOutdated']);
    const job = buildJob({ storage });
    const spec = { ...job.spec, managedBy: 'wsi.dev/operator' } as never;
    expect(reasons({ ...job, spec })).toEqual([]);
  });

  it('tell a topology that nobody reads: where Kueue does not admit the job', () => {
    expect(reasons(buildJob({ storage, templates: topology }))).toEqual(['TopologyIgnored']);
    expect(reasons(buildJob({ storage, templates: topology, runPolicy: { gang: 'volcano' } }))).toEqual([
      'TopologyIgnored',
    ]);
    expect(reasons(buildJob({ storage, templates: topology, runPolicy: { gang: 'kueue' } }))).toEqual([]);
    const byDefault = reasons(buildJob({ storage, templates: topology }), quiet, {
      ...settings,
      defaultGang: 'kueue',
    });
    expect(byDefault).toEqual([]);
  });

  it('tell output that is lost, certificates that expire, and objects that others change', () => {
    const found = { expiring: true, contested: ['Secret lung-tls', 'Service lung'] };
    const reported = warningsOf(buildJob(), settings, found);
    expect(reported.map(({ reason }) => reason)).toEqual([
      'OutputNotPersistent',
      'CertificatesExpiring',
      'ObjectContested',
    ]);
    expect(reported[2]?.message).toMatch(/ \(Secret lung-tls, Service lung\)$/);
  });

  it('tell devices that pods ask for and that nothing computes on', () => {
    const resources = { limits: { 'nvidia.com/gpu': 4 } };
    const spec = { containers: [{ name: 'trainer', resources }] };
    const found = warningsOf(buildJob({ storage, templates: { worker: { spec } } }), settings, quiet);
    expect(found).toEqual([
      { reason: 'DevicesUnused', message: expect.stringMatching(/4 devices .*workers.replicas: 8/) },
    ]);
  });

  it('tell a coordinator that does not answer, when that is no matter of load', () => {
    const silent = (silentFor: number) =>
      warningsOf(buildJob({ storage }), settings, { expiring: false, silentFor }).map(({ reason }) => reason);
    expect([silent(299_999), silent(300_000)]).toEqual([[], ['CoordinatorSilent']]);
  });

  it('are events once, when they are new', () => {
    const before = warningsOf(buildJob(), settings, quiet);
    const after = warningsOf(buildJob(), settings, { expiring: true });
    expect(warningEvents(before, after).map(({ type, reason }) => [type, reason])).toEqual([
      ['Warning', 'CertificatesExpiring'],
    ]);
    expect(warningEvents(after, before)).toEqual([]);
  });
});
