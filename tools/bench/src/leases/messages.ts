/** Messages of the sizes of a real run: `resnet18`, blocks of 4 shards of 16 tiles. */
import type { Task, TaskResult, Usage, Welcome } from '@wsi-operator/protocol';

export const TILES_OF_A_BLOCK = 64;
/** Floats of an embedding of resnet18. */
const D = 512;
export const SLOTS = 2;

const coordinates = Buffer.alloc(TILES_OF_A_BLOCK * 2 * Int32Array.BYTES_PER_ELEMENT, 7);
const vector = Buffer.alloc(D * Float32Array.BYTES_PER_ELEMENT, 1);
const aggregate = Buffer.alloc(D * Float64Array.BYTES_PER_ELEMENT, 1);
const none = Buffer.alloc(0);

/** Even tasks are of the first pass over a block, odd ones of the second. */
export function taskOf(number: number): Omit<Task, 'generation'> {
  const index = number >> 1;
  const slide = `/data/slides/TCGA-CN-${String(index % 4096).padStart(4, '0')}-01Z-00-DX1.svs`;
  const block = { slide, coordinates, orientationSeed: 123_456_789 };
  const step = index >> 8;
  const id = `step/${step}/${number % 2 === 0 ? 'embed' : 'gradient'}/${number}`;
  if (number % 2 === 0) return { id, version: step, embed: { block, attention: false, gather: false } };
  const bag = { gradient: vector, embedding: vector, logSumExp: 1.5 };
  return { id, version: step, gradient: { block, step, leaf: index % 256, leaves: 256, bag } };
}

export function affinityOf(number: number): string {
  return `block/${number >> 1}`;
}

export function resultOf(task: Task): TaskResult {
  // proto-loader leaves unset members of a oneof null.
  if (!task.embed) return { gradient: {} };
  const embed = { maximum: 1, sum: 2, weighted: aggregate, attention: none, embeddings: none };
  return { embed };
}

export const usage: Usage = {
  phaseSeconds: {
    ...{ open: 1.25, read: 2.5, decode: 10.125, queue: 0.5, forward: 100.5 },
    ...{ backward: 90.25, push: 5.5, pull: 4.75, leaseWait: 0.125 },
  },
  residentBytes: 900_000_000,
  peakResidentBytes: 1_000_000_000,
  tiles: 123_456,
  bytesSent: 987_654_321,
  bytesReceived: 876_543_210,
  deviceBytes: 0,
  devicePeakBytes: 0,
  processorSeconds: 234.5,
};

export const welcome: Welcome = {
  generation: 1,
  network: '{"encoder":{"name":"resnet18"},"aggregator":{"name":"attention","hidden":64},"tileSize":224}',
  patches: '{"size":224,"mpp":0.5}',
  ...{ batch: 16, servers: [], bodyLength: 11_200_000, threads: 1, cacheBytes: 0, store: '', versions: 3 },
  heartbeatMilliseconds: 2_000,
};
