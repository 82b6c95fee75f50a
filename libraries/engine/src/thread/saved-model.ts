/** Graphs as SavedModels on disk, the only form in which the TensorFlow binding takes them. */
import { storageError } from '@wsi-operator/foundation';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import { savedModelBytes } from '../graph/messages.ts';

/**
 * Writes the graph into a fresh private directory, hands it to `load`, and removes it again: TensorFlow has read it
 * all by then, and no other process can see or damage it.
 */
export function withSavedModel<T>(graph: Graph, load: (directory: string) => T): T {
  let directory: string | undefined;
  try {
    directory = mkdtempSync(join(tmpdir(), 'wsi-graph-'));
    writeFileSync(join(directory, 'saved_model.pb'), savedModelBytes(graph.nodes));
  } catch (error) {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    throw storageError(directory ?? tmpdir(), error);
  }
  try {
    return load(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
