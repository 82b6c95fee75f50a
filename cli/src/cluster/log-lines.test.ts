import { rendered } from '../terminal/printable.ts';
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { formatLogLine, linePrefix, splitTimestamp } from './log-lines.ts';

const plain = { raw: false, colour: false };

describe('lines of a log', () => {
  test.each([
    [
      '{"level":"info","time":"2026-11-24T02:20:12.956Z","job":"j","role":"coordinator","replica":0,"worker":1,"message":"worker joined"}',
      '02:20:12.956 INFO  worker joined worker=1',
    ],
    [
      '{"level":"error","time":1,"message":"failed","error":{"type":"Error","message":"disk full","stack":"a\\nb"},"path":"a b"}',
      '00:00:00.001 ERROR failed: disk full path="a b"',
    ],
    ['{"level":30,"msg":"pino\'s own","nested":{"a":1}}', 'INFO  pino\'s own nested={"a":1}'],
    ['I0000 port.cc:153] oneDNN', 'I0000 port.cc:153] oneDNN'],
    ['{"not": "a log"}', '{"not": "a log"}'],
    ['{broken}', '{broken}'],
    ['', ''],
  ])('are formatted from %s', (line, expected) => expect(formatLogLine(line, plain)).toBe(expected));

  it('are unchanged with --raw', () => {
    expect(formatLogLine('{"level":"info"}\u001b[2J', { raw: true, colour: false })).toBe(
      '{"level":"info"}\u001b[2J',
    );
  });

  it('cannot command the terminal', () => {
    const line = formatLogLine('a\u001b]0;title\u0007\tb', plain);
    expect(rendered(line)).toBe(String.raw`a\u001b]0;title\u0007` + '\tb');
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), (text, fields) => {
        const structured = JSON.stringify({ ...fields, level: 'info', message: text });
        for (const line of [text, structured]) expect(formatLogLine(line, plain)).not.toMatch(/[^\P{Cc}\t]/u);
      }),
    );
  });

  it('are coloured by level on a terminal', () => {
    const line = formatLogLine('{"level":"error","message":"no"}', { raw: false, colour: true });
    expect(rendered(line)).toContain('\u001b[31mERROR');
  });

  it('have a prefix of one width', () => {
    expect(linePrefix('worker-1', 13, false)).toBe('worker-1      | ');
    expect(rendered(linePrefix('worker-1', 13, true))).toMatch(/^\P{L}\[\d+mworker-1 {6}\| \P{L}\[39m$/u);
  });

  it('lose the timestamp that the API server prefixes', () => {
    expect(splitTimestamp('2026-11-24T02:20:12.956123456Z a b')).toEqual({
      time: '2026-11-24T02:20:12.956123456Z',
      text: 'a b',
    });
    expect(splitTimestamp('unable to retrieve')).toEqual({ time: '', text: 'unable to retrieve' });
  });
});
