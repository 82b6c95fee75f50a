/** What is computed and measured on the device, in a process of its own. */
import { Engine, embeddingSize, type ParameterSet } from '@wsi-operator/engine';
import { randomVector, twoPassGradient } from '@wsi-operator/engine/testing/example-bag';
import { sha256 } from '@wsi-operator/foundation';
import { writeFile } from 'node:fs/promises';
import { checkedBag } from './bag.ts';
import type { BytesComputed, GradientSubject, Progress, SpeedMeasured, Subject } from './messages.ts';

const BAG_EMBEDDING_SEED = 3;
/** One computes, the next is on its way to the engine's thread, as in a worker. */
const CALLS_UNDER_WAY = 2;
/** Buffers, oneDNN's primitives and cuDNN's plans are made by the first calls. */
const WARM_UP_CALLS = 2;

export async function writeGradient(subject: GradientSubject): Promise<void> {
  const engine = await start(subject);
  const bag = checkedBag(subject.network, subject.tiles);
  const { gradient } = await twoPassGradient(engine, bag, bag.bagGradient, subject.batch);
  await engine.close();
  await writeFile(subject.file, new Uint8Array(gradient.buffer));
}

export async function computeBytes(subject: Subject): Promise<BytesComputed> {
  const engine = await start(subject);
  const calls = new Calls(engine, subject);
  const digests = [await calls.digest(), await calls.digest()];
  await engine.close();
  return { kind: 'bytes', digests };
}

/** @param tell called when the measured time begins and ends */
export async function measureSpeed(
  subject: Subject,
  seconds: number,
  tell: (progress: Progress) => void,
): Promise<SpeedMeasured> {
  const engine = await start(subject);
  const calls = new Calls(engine, subject);
  const before = await calls.digest();
  for (let call = 1; call < WARM_UP_CALLS; call++) await calls.digest();
  const busyBefore = busySeconds(engine);
  const processorBefore = process.cpuUsage();
  tell({ kind: 'begins' });
  const begin = performance.now();
  const forward = await callsPerSecond(() => calls.embed(), seconds);
  const gradient = await callsPerSecond(() => calls.gradient(), seconds);
  const elapsed = (performance.now() - begin) / 1000;
  tell({ kind: 'ends' });
  const { user, system } = process.cpuUsage(processorBefore);
  const engineShare = (busySeconds(engine) - busyBefore) / elapsed;
  // After all that work, which may have left buffers and plans of another kind.
  const after = await calls.digest();
  const { peakMemoryBytes } = engine.statistics();
  await engine.close();
  return {
    kind: 'speed',
    digests: [before, after],
    forwardTilesPerSecond: forward * subject.batch,
    gradientTilesPerSecond: gradient * subject.batch,
    processors: (user + system) / 1e6 / elapsed,
    engineShare,
    peakMemoryBytes,
  };
}

function start({ network, threads, device }: Subject): Promise<Engine> {
  return Engine.start({ network, threads, device });
}

function busySeconds(engine: Engine): number {
  const { forwardSeconds, backwardSeconds } = engine.statistics();
  return forwardSeconds + backwardSeconds;
}

/** The same two calls again and again. */
class Calls {
  readonly #engine: Engine;
  readonly #tiles: Uint8Array;
  readonly #n: number;
  readonly #set: ParameterSet;
  readonly #cotangent;

  constructor(engine: Engine, { network, batch }: Subject) {
    const { parameters, tiles, bagGradient } = checkedBag(network, batch);
    this.#engine = engine;
    this.#tiles = tiles;
    this.#n = batch;
    this.#set = engine.loadParameters('example', parameters);
    this.#cotangent = {
      bagGradient,
      bagEmbedding: randomVector(embeddingSize(network), BAG_EMBEDDING_SEED),
      logSumExp: Math.log(batch),
    };
  }

  embed(): ReturnType<Engine['embed']> {
    return this.#engine.embed(this.#set, this.#tiles, this.#n);
  }

  gradient(): Promise<Float32Array> {
    return this.#engine.attentionGradient(this.#set, this.#tiles, this.#n, this.#cotangent);
  }

  async digest(): Promise<string> {
    const { embeddings, attention } = await this.embed();
    const parts = [embeddings, attention, await this.gradient()];
    return sha256(Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
  }
}

/** For at least so long, and at least one call. */
async function callsPerSecond(call: () => Promise<unknown>, seconds: number): Promise<number> {
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  const underWay: Promise<unknown>[] = Array.from({ length: CALLS_UNDER_WAY }, call);
  let done = 0;
  for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
    await next;
    done++;
    if (elapsed() < seconds) underWay.push(call());
  }
  return done / elapsed();
}
