import { expect, it } from '@jest/globals';
import { JobListeners } from './job-listeners.ts';

it('every listener hears of every change, until its signal is aborted', () => {
  const listeners = new JobListeners();
  const [first, second] = [new AbortController(), new AbortController()];
  const heard: string[] = [];
  listeners.notify('a/before');
  listeners.add((key) => heard.push(`first ${key}`), first.signal);
  listeners.add((key) => heard.push(`second ${key}`), second.signal);
  listeners.notify('a/b');
  first.abort();
  listeners.notify('a/c');
  second.abort();
  listeners.notify('a/after');
  expect(heard).toEqual(['first a/b', 'second a/b', 'second a/c']);
});

it('does not add a listener whose signal is aborted already', () => {
  const listeners = new JobListeners();
  const heard: string[] = [];
  listeners.add((key) => heard.push(key), AbortSignal.abort());
  listeners.notify('a/b');
  expect(heard).toEqual([]);
});
