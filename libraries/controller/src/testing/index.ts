/** For tests of whatever talks to Kubernetes or waits on a clock. */
export { FakeApiServer, startFakeApiServer, type FakeApiServerOptions } from './fake-api-server.ts';
export type { FakeRequest, Matcher } from './fake-requests.ts';
export type { FakeResource } from './fake-resources.ts';
export { ManualClock } from './manual-clock.ts';
export { Refusal, type Backup } from './object-store.ts';
export { scaledClock } from './scaled-clock.ts';
