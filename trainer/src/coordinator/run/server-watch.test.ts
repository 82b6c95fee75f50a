import { describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { ServerLeavingError } from './parameter-server.ts';
import { ServerWatch } from './server-watch.ts';

/** Servers of which one is lost, or about to stop, when the test says so. */
function watched(stop = new AbortController()) {
  const lost = Promise.withResolvers<WsiError>();
  const saved = Promise.withResolvers<undefined>();
  const events: string[] = [];
  const servers = {
    watch: (signal: AbortSignal) => {
      signal.addEventListener('abort', () => lost.reject(signal.reason as Error), { once: true });
      return lost.promise;
    },
  };
  const watch = new ServerWatch(servers, stop.signal, {
    leaving: async () => {
      events.push('leaving');
      await saved.promise;
    },
    lost: () => events.push('lost'),
  });
  return { watch, events, stop, lose: lost.resolve, save: () => saved.resolve(undefined) };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));
const gone = new WsiError('Unavailable', 'a parameter server was lost', { retryable: true });
const leaving = new ServerLeavingError('Unavailable', 'a parameter server is stopping');

describe('the watch over the servers', () => {
  it('ends the generation with the reason of the first loss', async () => {
    const { watch, events, lose } = watched();
    lose(gone);
    await turns();
    expect(watch.lost).toBe(gone);
    expect(watch.signal.reason).toBe(gone);
    expect(events).toEqual(['lost']);
  });

  it('lets the generation continue until the state of a stopping server is saved', async () => {
    const { watch, events, lose, save } = watched();
    lose(leaving);
    await turns();
    expect(watch.signal.aborted).toBe(false);
    save();
    await turns();
    expect(watch.lost).toBe(leaving);
    expect(events).toEqual(['leaving', 'lost']);
  });

  it('does not affect the next generation if its own ended while a state was being saved', async () => {
    const { watch, events, lose, save } = watched();
    lose(leaving);
    await turns();
    watch.end();
    save();
    await turns();
    expect(watch.lost).toBeUndefined();
    expect(events).toEqual(['leaving']);
  });

  it('ends with the run, without reporting a lost server', async () => {
    const { watch, events, stop } = watched();
    stop.abort(new WsiError('Cancelled', 'the run was stopped'));
    await turns();
    expect(watch.signal.aborted).toBe(true);
    expect(watch.lost).toBeUndefined();
    expect(events).toEqual([]);
  });
});
