import { expect, it } from '@jest/globals';
import { KeyStream } from './key-stream.ts';

it('gives each key once however often it is added, in order, until it is stopped', async () => {
  const stream = new KeyStream();
  const stop = new AbortController();
  const keys = stream.read(stop.signal);
  for (const key of ['a/b', 'a/c', 'a/b']) stream.add(key);
  expect((await keys.next()).value).toBe('a/b');
  expect((await keys.next()).value).toBe('a/c');
  stream.add('a/b');
  expect((await keys.next()).value).toBe('a/b');
  const last = keys.next();
  stop.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});

it('keeps nothing while nobody reads: before, and after', async () => {
  const stream = new KeyStream();
  stream.add('a/b');
  expect(stream.size).toBe(0);
  const stop = new AbortController();
  const keys = stream.read(stop.signal);
  stream.add('a/c');
  expect((await keys.next()).value).toBe('a/c');
  stop.abort();
  stream.add('a/d');
  expect((await keys.next()).done).toBe(true);
  stream.add('a/e');
  expect(stream.size).toBe(0);
});
