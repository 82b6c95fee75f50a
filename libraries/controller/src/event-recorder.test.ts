import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@wsi-operator/foundation';
import type { ApiClient } from './api-client.ts';
import { EventRecorder, type EventText } from './event-recorder.ts';
import type { KubernetesObject, Resource } from './objects.ts';
import { ManualClock, scaledClock, startFakeApiServer, type FakeApiServer } from './testing/index.ts';

const events: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
const job = { apiVersion: 'wsi.dev/v1', kind: 'WsiTrainingJob', namespace: 'n', name: 'job', uid: 'u' };
const text = (reason: string, message = 'said'): EventText => ({ type: 'Normal', reason, message });

describe('EventRecorder', () => {
  let server: FakeApiServer;
  let client: ApiClient;
  let clock: ManualClock;
  let recorder: EventRecorder;
  beforeEach(async () => {
    server = await startFakeApiServer();
    // Its requests have time, however slow the machine is: one given up early is tried again after a pause, and the
    // clock of the recorder stands still.
    client = server.newClient({ clock: systemClock });
    clock = new ManualClock();
    recorder = new EventRecorder({ client, component: 'wsi.dev/operator', instance: 'pod-0', clock });
  });
  afterEach(async () => server.close());

  const written = (): KubernetesObject[] => server.objects(events);

  it('writes an event', async () => {
    recorder.record(job, { ...text('Started', 'ä'.repeat(1000)), action: 'CreatePods' });
    recorder.record({ kind: 'Node', name: 'x' }, text('Seen'));
    await recorder.flush();
    expect(written()).toMatchObject([
      {
        metadata: { namespace: 'n', name: expect.stringMatching(/^job\.[0-9a-f]{16}$/) },
        reason: 'Started',
        action: 'CreatePods',
        type: 'Normal',
        regarding: job,
        reportingController: 'wsi.dev/operator',
        reportingInstance: 'pod-0',
        eventTime: expect.stringMatching(/\.\d{6}Z$/),
        note: expect.stringMatching(/^ä{510}\.\.\.$/),
      },
      { metadata: { namespace: 'default' }, action: 'Seen' },
    ]);
  });

  it('counts repetitions as a series, written now and then', async () => {
    recorder.record(job, text('Again'));
    await recorder.flush();
    for (let times = 0; times < 99; times += 1) recorder.record(job, text('Again'));
    expect(server.requests).toHaveLength(1);
    await clock.advance(6000);
    await recorder.flush();
    expect(written()).toMatchObject([{ series: { count: 100 } }]);
    expect(server.requests).toHaveLength(2);
    await clock.advance(400_000);
    recorder.record(job, text('Again'));
    await recorder.flush();
    expect(written()).toHaveLength(2);
  });

  it("does not let one namespace's events crowd out another's", async () => {
    for (let index = 0; index < 2_000; index += 1) {
      recorder.record({ ...job, namespace: 'greedy', name: `job-${index}`, uid: `${index}` }, text('Many'));
    }
    recorder.record({ ...job, namespace: 'modest' }, text('Told'));
    await recorder.flush();
    const namespaces = server.objects(events).map(({ metadata }) => metadata.namespace);
    expect(namespaces.filter((namespace) => namespace === 'modest')).toHaveLength(1);
    expect(namespaces.filter((namespace) => namespace === 'greedy').length).toBeLessThanOrEqual(251);
  });

  it('has a budget for each object', async () => {
    for (let times = 0; times < 100; times += 1) recorder.record(job, text('Many', `number ${times}`));
    recorder.record({ ...job, uid: 'other' }, text('Another'));
    await recorder.flush();
    expect(written()).toHaveLength(26);
    expect(recorder.dropped).toBe(75);
    await clock.advance(60_000);
    recorder.record(job, text('Later'));
    await recorder.flush();
    expect(written()).toHaveLength(27);
  });

  it('is written once though the answer was lost, and again when the event has expired', async () => {
    const fast = new EventRecorder({ client, component: 'c', instance: 'i', clock: scaledClock(1000) });
    server.closeConnections({ after: true });
    fast.record(job, text('Once'));
    await fast.flush();
    expect(written()).toHaveLength(1);
    const { name } = written()[0]!.metadata;
    server.remove(events, name!, 'n');
    fast.record(job, text('Once'));
    await fast.flush();
    expect(written()).toMatchObject([{ series: { count: 2 } }]);
  });

  it('never fails whoever records', async () => {
    const fast = new EventRecorder({ client, component: 'c', instance: 'i', clock: scaledClock(1000) });
    server.answer(403, { times: 1 });
    fast.record(job, text('Refused'));
    await fast.flush();
    server.answer(500, { times: 3 });
    fast.record(job, text('Failed'));
    await fast.flush();
    expect(fast.dropped).toBe(2);
    fast.record(job, text('Refused'));
    await fast.flush();
    expect(written()).toMatchObject([{ reason: 'Refused' }]);
  });
});
