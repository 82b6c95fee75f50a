/** Sends a block's gradient to the parameter servers, each its range. */
import { callClientStream, type GradientTask, type PushChunk, type Welcome } from '@wsi-operator/protocol';
import type { Connections } from '../connections.ts';
import { pushChunks } from '../push-chunks.ts';
import type { Stopwatch } from '../measurement/stopwatch.ts';
import type { UsageMeter } from '../usage.ts';

const pushMilliseconds = 60_000;

export class GradientPusher {
  readonly #welcome: Welcome;
  readonly #usage: UsageMeter;
  readonly #stopwatch: Stopwatch;
  readonly #servers;

  constructor(
    welcome: Welcome,
    parts: { usage: UsageMeter; stopwatch: Stopwatch; connections: Connections },
  ) {
    this.#welcome = welcome;
    this.#usage = parts.usage;
    this.#stopwatch = parts.stopwatch;
    this.#servers = welcome.servers.map((range) => ({
      range,
      connection: parts.connections.parameterServer(range.address),
    }));
  }

  /** @param gradient float32 [bodyLength]. Resolves when every server holds it. */
  async push(task: GradientTask, gradient: Float32Array): Promise<void> {
    const { generation, bodyLength } = this.#welcome;
    await this.#stopwatch.during('push', () =>
      Promise.all(
        this.#servers.map(async ({ range, connection }) => {
          const end = Math.min(range.end, bodyLength);
          if (range.start >= end) return;
          const { step, leaf, leaves } = task;
          const header = {
            generation,
            step,
            segment: 'body',
            leaf,
            leaves,
            start: range.start,
            end,
          } as const;
          const part = gradient.subarray(range.start, end);
          const client = await connection.ready();
          await callClientStream<PushChunk, object>(client.Push.bind(client), pushChunks(header, part), {
            peer: range.address,
            deadlineMilliseconds: pushMilliseconds,
          });
          this.#usage.bytesSent += part.byteLength;
        }),
      ),
    );
  }

  close(): void {
    for (const { connection } of this.#servers) connection.close();
  }
}
