import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { protoPath } from './definition.ts';

/** Fields of every message in the .proto and of every interface in messages.ts, by name. */
function protoMessages(text: string): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const fields = [...body.matchAll(/^\s+(?:repeated |map<[^>]+> ?)?(?:\w+ )?(\w+) = \d+;/gm)];
    result.set(
      name,
      new Set(
        fields.map(([, field = '']) =>
          field.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
        ),
      ),
    );
  }
  return result;
}

function interfaceFields(text: string): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  for (const [, name = '', body = ''] of text.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm)) {
    result.set(name, new Set([...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field = '']) => field)));
  }
  return result;
}

describe('messages.ts', () => {
  const proto = protoMessages(readFileSync(protoPath, 'utf8'));
  const types = interfaceFields(readFileSync(new URL('./messages.ts', import.meta.url), 'utf8'));

  it('finds the messages at all', () => {
    expect(proto.size).toBeGreaterThan(20);
    expect(proto.get('PushHeader')).toEqual(
      new Set(['generation', 'step', 'segment', 'leaf', 'leaves', 'start', 'end']),
    );
  });

  it.each([...types.keys()])('%s has exactly the fields of the .proto', (name) => {
    expect(types.get(name)).toEqual(proto.get(name));
  });

  it('has a type for every message that has fields and is not written inline', () => {
    const inline = new Set(['Empty', 'StatusRequest', 'SurveyTask', 'Cancel', 'CommitReply']);
    expect([...proto.keys()].filter((name) => !types.has(name) && !inline.has(name))).toEqual([]);
  });
});
