/** The versions of the parameters that this worker holds: pulled once, kept resident in the engine while in use. */
import type { Engine, ParameterSet } from '@wsi-operator/engine';
import { placeChunk, readServerStream, type Welcome } from '@wsi-operator/protocol';
import type { Connections } from '../connections.ts';
import type { Stopwatch } from '../measurement/stopwatch.ts';
import type { UsageMeter } from '../usage.ts';

const pullMilliseconds = 60_000;

export class ParameterVersions {
  readonly #engine: Engine;
  readonly #welcome: Welcome;
  readonly #usage: UsageMeter;
  readonly #stopwatch: Stopwatch;
  readonly #servers;
  /** In order of last use. */
  readonly #held = new Map<string, Promise<ParameterSet>>();

  constructor(
    parts: { engine: Engine; usage: UsageMeter; stopwatch: Stopwatch; connections: Connections },
    welcome: Welcome,
  ) {
    this.#engine = parts.engine;
    this.#welcome = welcome;
    this.#usage = parts.usage;
    this.#stopwatch = parts.stopwatch;
    this.#servers = welcome.servers.map((range) => ({
      range,
      connection: parts.connections.parameterServer(range.address),
    }));
  }

  /** The encoder's and aggregator's parameters of a version, or their average. A failed pull is tried again by the next task. */
  async at(version: number, averaged: boolean): Promise<ParameterSet> {
    const name = averaged ? `average/${version}` : `${version}`;
    const held = this.#held.get(name) ?? this.#pull(version, averaged);
    this.#held.delete(name);
    this.#held.set(name, held);
    this.#dropOldest();
    try {
      return await held;
    } catch (error) {
      this.#held.delete(name);
      throw error;
    }
  }

  close(): void {
    for (const held of this.#held.values()) this.#release(held);
    this.#held.clear();
    for (const { connection } of this.#servers) connection.close();
  }

  async #pull(version: number, averaged: boolean): Promise<ParameterSet> {
    const { bodyLength, generation } = this.#welcome;
    // Shared memory: the engine's thread reads it in place.
    const values = new Float32Array(new SharedArrayBuffer(bodyLength * 4));
    await this.#stopwatch.during('pull', () =>
      Promise.all(
        this.#servers.map(async ({ range, connection }) => {
          const end = Math.min(range.end, bodyLength);
          if (range.start >= end) return;
          const target = values.subarray(range.start, end);
          const request = { generation, version, start: range.start, end, averaged };
          const client = await connection.ready();
          const stream = client.Pull(request, { deadline: Date.now() + pullMilliseconds });
          await readServerStream(stream, range.address, (chunk) => placeChunk(target, chunk, range.address));
          this.#usage.bytesReceived += target.byteLength;
        }),
      ),
    );
    return this.#engine.loadParameters(version, values);
  }

  #dropOldest(): void {
    while (this.#held.size > this.#welcome.versions) {
      const [name, held] = this.#held.entries().next().value!;
      this.#held.delete(name);
      this.#release(held);
    }
  }

  #release(held: Promise<ParameterSet>): void {
    held.then(
      (set) => this.#engine.release(set),
      () => undefined,
    );
  }
}
