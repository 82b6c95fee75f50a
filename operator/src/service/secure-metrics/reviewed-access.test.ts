import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { ApiClientOptions } from '@wsi-operator/controller';
import { ManualClock, startFakeApiServer, type FakeApiServer } from '@wsi-operator/controller/testing';
import { refuseBeyondRights } from '../../testing/rights.ts';
import { TokenAccounts } from '../../testing/token-accounts.ts';
import { until } from '../../testing/kubernetes-bed.ts';
import { ReviewedAccess } from './reviewed-access.ts';

const HERE = '10.0.0.1';
const SECOND = 1000;
const servers: FakeApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

type Line = Readonly<Record<string, unknown>>;

interface Bed {
  readonly access: ReviewedAccess;
  readonly accounts: TokenAccounts;
  readonly server: FakeApiServer;
  readonly clock: ManualClock;
  readonly lines: () => readonly Line[];
  readonly reviews: () => number;
}

async function bed(client: Partial<ApiClientOptions> = {}): Promise<Bed> {
  const accounts = new TokenAccounts();
  const server = await startFakeApiServer({
    authorize: refuseBeyondRights,
    answerTo: accounts.answerTo,
  });
  servers.push(server);
  const clock = new ManualClock();
  let text = '';
  const logger = pino({ level: 'debug' }, { write: (line: string) => void (text += line) });
  const access = new ReviewedAccess({ client: server.newClient({ clock, ...client }), clock, logger });
  accounts.add('good', { user: 'prometheus', mayGetMetrics: true });
  accounts.add('other', { user: 'somebody', mayGetMetrics: false });
  accounts.add('old', { user: 'prometheus-old', mayGetMetrics: true, hasExpired: true });
  return {
    access,
    accounts,
    server,
    clock,
    lines: () =>
      text
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line),
    reviews: () => server.requests.filter(({ resource }) => resource?.plural === 'tokenreviews').length,
  };
}

/** Requests stay where they are until the result is called. */
function holdBack({ server }: Bed): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  server.delay(held, { times: 1000 });
  return release;
}

describe('who may fetch metrics', () => {
  it('is whose token the API server knows and whose account may get /metrics', async () => {
    const { access } = await bed();
    expect(await access.check('good', HERE)).toBe('allowed');
    expect(await access.check('other', HERE)).toBe('forbidden');
    expect(await access.check('old', HERE)).toBe('unauthenticated');
    expect(await access.check('made up', HERE)).toBe('unauthenticated');
  });

  it('is asked once a minute, and what is refused every ten seconds', async () => {
    const one = await bed();
    const { access, accounts, clock, reviews } = one;
    for (let count = 0; count < 5; count += 1) {
      expect(await access.check('good', HERE)).toBe('allowed');
      expect(await access.check('other', HERE)).toBe('forbidden');
    }
    expect(reviews()).toBe(2);
    // A right that is granted and a token that ends are noticed, after their time.
    accounts.add('other', { user: 'somebody', mayGetMetrics: true });
    accounts.accounts.delete('good');
    await clock.advance(11 * SECOND);
    expect(await access.check('other', HERE)).toBe('allowed');
    expect(await access.check('good', HERE)).toBe('allowed');
    expect(reviews()).toBe(3);
    await clock.advance(50 * SECOND);
    expect(await access.check('good', HERE)).toBe('unauthenticated');
    // And is a stranger's from then on.
    one.server.answer(500, { times: 100 });
    await clock.advance(11 * SECOND);
    expect(await access.check('good', HERE)).toBe('unavailable');
  });

  it('is asked once for all who wait with the same token', async () => {
    const one = await bed();
    const release = holdBack(one);
    const waiting = Array.from({ length: 50 }, () => one.access.check('good', HERE));
    await until('the question is there', () => one.reviews() > 0);
    release();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['allowed']));
    expect(one.reviews()).toBe(1);
  });
});

describe('a flood of tokens', () => {
  it('costs two reviews at a time from one address and eight from all, and keeps out nobody who was allowed', async () => {
    const one = await bed();
    const { access, clock, reviews } = one;
    expect(await access.check('good', HERE)).toBe('allowed');
    await clock.advance(61 * SECOND);
    const release = holdBack(one);
    const flood = Array.from({ length: 100 }, (_unused, index) => access.check(`bad ${index}`, HERE));
    await until('reviews are under way', () => reviews() === 3);
    const known = access.check('good', HERE);
    await until('the known one is asked for, too', () => reviews() === 4);
    const others = Array.from({ length: 20 }, (_unused, index) =>
      access.check(`bad ${index}`, `10.0.1.${index}`),
    );
    await until('all slots are taken', () => reviews() === 10);
    // Two of the others' tokens are under review for the first address already.
    expect(await access.check('bad 99', '10.0.2.1')).toBe('busy');
    release();
    expect(await known).toBe('allowed');
    const outcomes = await Promise.all([...flood, ...others]);
    expect(outcomes.filter((outcome) => outcome === 'unauthenticated')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(110);
    expect(await access.check('bad 99', '10.0.2.1')).toBe('unauthenticated');
  });

  it('that uses up what may be asked in a second does not keep waiting who was allowed', async () => {
    const { access, clock, reviews } = await bed({ queriesPerSecond: 0.02, burst: 2 });
    expect(await access.check('good', HERE)).toBe('allowed');
    await clock.advance(61 * SECOND);
    // One request may be made again by now, which is this one's.
    expect(await access.check('bad', HERE)).toBe('unauthenticated');
    const stranger = access.check('worse', HERE);
    expect(await access.check('good', HERE)).toBe('allowed');
    expect(reviews()).toBe(3);
    await clock.advance(9 * SECOND);
    expect(await stranger).toBe('unavailable');
    expect(reviews()).toBe(3);
  });
});

describe('an API server that does not say', () => {
  it.each([
    ['answers with a failure', (server: FakeApiServer) => server.answer(500, { times: 9 })],
    ['closes connections', (server: FakeApiServer) => server.closeConnections({ times: 9 })],
    ['hangs', (server: FakeApiServer) => server.hang({ times: 9 })],
  ])('keeps strangers out when it %s, and for ten minutes nobody who was allowed', async (_words, fail) => {
    const { access, server, clock, reviews, lines } = await bed();
    const checkInVain = async (): Promise<unknown> => {
      const before = reviews();
      const answer = access.check('good', HERE);
      await until('it is asked', () => reviews() > before);
      await clock.advance(9 * SECOND);
      return answer;
    };
    fail(server);
    expect(await checkInVain()).toBe('unavailable');
    server.clearFaults();
    expect(await access.check('good', HERE)).toBe('allowed');
    fail(server);
    await clock.advance(61 * SECOND);
    expect(await checkInVain()).toBe('allowed');
    await clock.advance(600 * SECOND);
    expect(await checkInVain()).toBe('unavailable');
    expect(lines().length).toBeGreaterThan(0);
    expect(JSON.stringify(lines())).toContain('does not answer');
  });

  it('for want of a right: nobody is let in, and the log says what to grant', async () => {
    const { access, server, clock, lines } = await bed();
    expect(await access.check('good', HERE)).toBe('allowed');
    await clock.advance(61 * SECOND);
    server.answer(403, { times: 2, message: 'tokenreviews is forbidden' });
    expect(await access.check('good', HERE)).toBe('unavailable');
    expect(await access.check('other', HERE)).toBe('unavailable');
    // Once a minute.
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      level: 50,
      status: 403,
      remedy: expect.stringMatching(/tokenreviews.*subjectaccessreviews.*ClusterRole/),
    });
  });

  it('no token is in the log, not even where the API server repeats it', async () => {
    const { access, server, lines } = await bed();
    server.answer(422, { message: 'spec.token: Invalid value: "secret-token"' });
    expect(await access.check('secret-token', HERE)).toBe('unavailable');
    server.answer(403, { message: 'no: secret-token' });
    expect(await access.check('secret-token', HERE)).toBe('unavailable');
    expect(await access.check('other', HERE)).toBe('forbidden');
    expect(lines()).toHaveLength(3);
    expect(JSON.stringify(lines())).not.toContain('secret-token');
    expect(lines()[2]).toMatchObject({ user: 'somebody' });
  });
});

describe('an answer to a review', () => {
  it.each([
    [{}, 'unauthenticated'],
    [{ status: { authenticated: 'true', user: { username: 'a' } } }, 'unauthenticated'],
    [{ status: { authenticated: true } }, 'unauthenticated'],
    [{ status: { authenticated: true, user: { username: '' } } }, 'unauthenticated'],
    [{ status: { authenticated: true, user: { username: 'a' }, allowed: 1 } }, 'forbidden'],
    [{ status: { authenticated: true, user: { username: 'a' }, allowed: true, denied: true } }, 'forbidden'],
    [{ status: { authenticated: true, user: { username: 'a' }, allowed: true } }, 'allowed'],
  ])('that is %j makes the request %s', async (answer, outcome) => {
    const server = await startFakeApiServer({ answerTo: () => answer });
    servers.push(server);
    const logger = pino({ level: 'silent' });
    const access = new ReviewedAccess({ client: server.newClient(), clock: new ManualClock(), logger });
    expect(await access.check('token', HERE)).toBe(outcome);
  });
});
