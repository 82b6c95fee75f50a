/** A gradient's slice as the messages of a push. */
import { floatChunks, type PushChunk, type PushHeader } from '@wsi-operator/protocol';

/** The header travels in the first chunk. */
export function* pushChunks(header: PushHeader, values: Float32Array): Generator<PushChunk> {
  let first = true;
  for (const chunk of floatChunks(values)) {
    yield first ? { header, ...chunk } : chunk;
    first = false;
  }
}
