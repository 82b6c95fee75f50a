import { describe, expect, it } from '@jest/globals';
import { serve } from './http-endpoint.ts';
import { health, readiness, STUCK_MILLISECONDS } from './probes.ts';

describe('serve', () => {
  it('answers its routes, and nothing else', async () => {
    const endpoint = await serve(0, {
      '/ok': () => ({ status: 200, body: 'ok\n' }),
      '/broken': () => Promise.reject(new Error('no')),
    });
    try {
      const ask = async (path: string, method = 'GET', host = '127.0.0.1'): Promise<[number, string]> => {
        const answer = await fetch(`http://${host}:${endpoint.port}${path}`, { method });
        return [answer.status, await answer.text()];
      };
      expect(await ask('/ok?x=1')).toEqual([200, 'ok\n']);
      // Probes and scrapers come to whatever address the pod has.
      expect(await ask('/ok', 'GET', '[::1]')).toEqual([200, 'ok\n']);
      expect(await ask('/ok', 'HEAD')).toEqual([200, '']);
      expect((await ask('/ok', 'POST'))[0]).toBe(405);
      expect((await ask('/constructor'))[0]).toBe(404);
      expect((await ask('/broken'))[0]).toBe(500);
      await expect(serve(endpoint.port, {})).rejects.toThrow(/cannot listen/);
    } finally {
      await endpoint.close();
    }
  });
});

describe('probes', () => {
  it('is alive unless the loop is stuck', () => {
    expect(health(0).status).toBe(200);
    expect(health(STUCK_MILLISECONDS - 1).status).toBe(200);
    expect(health(STUCK_MILLISECONDS).status).toBe(503);
  });

  it('is ready when all caches are filled, and says which are not', () => {
    const cache = (plural: string, hasSynced: boolean) => ({ hasSynced, resource: { plural } });
    expect(readiness([cache('pods', true)]).status).toBe(200);
    const answer = readiness([cache('pods', true), cache('wsitrainingjobs', false)]);
    expect(answer).toEqual({ status: 503, body: 'not listed yet: wsitrainingjobs\n' });
  });
});
