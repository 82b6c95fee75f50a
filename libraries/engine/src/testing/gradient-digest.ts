/** Support for tests: prints the SHA-256 of a fixed bag's two-pass gradient. Usage: gradient-digest.ts THREADS */
import { sha256 } from '@wsi-operator/foundation';
import { Engine } from '../engine.ts';
import { embeddingSize, type Network } from '../network/network.ts';
import { exampleBag, randomVector, twoPassGradient } from './example-bag.ts';

const network: Network = {
  encoder: { name: 'tiny' },
  aggregator: { name: 'attention', hidden: 16 },
  tileSize: 64,
};
const engine = await Engine.start({ network, threads: Number(process.argv[2]) });
const bagGradient = randomVector(embeddingSize(network), 3);
const { gradient } = await twoPassGradient(engine, exampleBag(network, 11), bagGradient, 4);
await engine.close();
process.stdout.write(sha256(new Uint8Array(gradient.buffer)));
