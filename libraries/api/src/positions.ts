/** Lines of the fields in a YAML text, so that a fault found in the parsed value can be shown where it stands. */
import { EVENT_ID, getScalarValue, type Event } from 'js-yaml';

/** A collection under way: `key` is set while a mapping waits for the value of that key. */
interface Open {
  readonly kind: 'mapping' | 'sequence' | 'document';
  readonly path: string;
  key?: string;
  index: number;
}

/** For each document of `text`: line (from 1) of every field path. `events` are those of `text`. */
export function fieldLines(text: string, events: readonly Event[]): ReadonlyMap<string, number>[] {
  const documents: Map<string, number>[] = [];
  const open: Open[] = [];
  const lineAt = lineCounter(text);
  for (const event of events) {
    if (event.type === EVENT_ID.POP) open.pop();
    else if (event.type === EVENT_ID.DOCUMENT) {
      documents.push(new Map());
      open.push({ kind: 'document', path: '', index: 0 });
    } else record(event, { text, open, lines: documents.at(-1) ?? new Map<string, number>(), lineAt });
  }
  return documents;
}

interface Recording {
  readonly text: string;
  readonly open: Open[];
  readonly lines: Map<string, number>;
  readonly lineAt: (offset: number) => number;
}

function record(event: Event, { text, open, lines, lineAt }: Recording): void {
  const parent = open.at(-1);
  if (parent === undefined) return;
  const collection = kindOf(event);
  if (parent.kind === 'mapping' && parent.key === undefined) {
    // A key that is itself a collection names no field; its contents are noted under a path that nobody asks for.
    parent.key = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '?';
    lines.set(pathIn(parent), lineAt(startOf(event)));
    if (collection !== undefined) open.push({ kind: collection, path: '?', index: 0 });
    return;
  }
  const path = pathIn(parent);
  if (!lines.has(path)) lines.set(path, lineAt(startOf(event)));
  if (parent.kind === 'mapping') delete parent.key;
  parent.index += 1;
  if (collection !== undefined) open.push({ kind: collection, path, index: 0 });
}

function kindOf(event: Event): 'mapping' | 'sequence' | undefined {
  if (event.type === EVENT_ID.MAPPING) return 'mapping';
  return event.type === EVENT_ID.SEQUENCE ? 'sequence' : undefined;
}

/** The longest path that a message names; thousands of fields below a longer one would each repeat it. */
const LONGEST_PATH = 1024;

function pathIn(parent: Open): string {
  if (parent.path.length > LONGEST_PATH) return '?';
  if (parent.kind === 'document') return '';
  if (parent.kind === 'sequence') return `${parent.path}[${String(parent.index)}]`;
  return parent.path === '' ? (parent.key ?? '') : `${parent.path}.${parent.key ?? ''}`;
}

function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return 0;
  }
}

/** Line of an offset, for offsets that mostly rise. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Line of a field, or of the nearest field around it that is in the text. */
export function nearestLine(lines: ReadonlyMap<string, number>, path: string): number | undefined {
  let at = path;
  while (at !== '') {
    const line = lines.get(at);
    if (line !== undefined) return line;
    at = at.slice(0, Math.max(0, at.lastIndexOf('.'), at.lastIndexOf('[')));
  }
  return lines.get('');
}
