/** Several logs as one, in the order of time (pure but for what it reads). */
import { comparable, type LogLine } from './pod-log.ts';

/**
 * Lines of all sources, each with the index of its source; of equal times, the earlier source first. Holds one line a
 * source. Lines without a time go with the line before them.
 */
export async function* mergeLogs(
  sources: readonly AsyncIterator<LogLine, void>[],
): AsyncGenerator<{ readonly source: number; readonly line: LogLine }, void> {
  const heads = await Promise.all(
    sources.map(async (iterator, source) => nextHead({ iterator, source, key: '' })),
  );
  const open = heads.filter((head) => head !== undefined);
  while (open.length > 0) {
    let first = 0;
    for (let index = 1; index < open.length; index += 1) {
      if (open[index]!.key < open[first]!.key) first = index;
    }
    const head = open[first]!;
    yield { source: head.source, line: head.line };
    const next = await nextHead(head);
    if (next === undefined) open.splice(first, 1);
    else open[first] = next;
  }
}

interface Source {
  readonly iterator: AsyncIterator<LogLine, void>;
  readonly source: number;
  readonly key: string;
}

async function nextHead(of: Source): Promise<(Source & { readonly line: LogLine }) | undefined> {
  const { iterator, source } = of;
  const next = await iterator.next();
  if (next.done === true) return undefined;
  const line = next.value;
  return { iterator, source, line, key: line.time === '' ? of.key : comparable(line.time) };
}
