/**
 * Threads for reading and decoding: Node runs files, libvips and OpenSlide in one pool, of four threads unless it is told another
 * number before it first uses it. Imported first of all where slides are read.
 */
import { availableParallelism } from 'node:os';
import { threadsOfPool } from './limits.ts';

// What the user has set counts.
process.env['UV_THREADPOOL_SIZE'] ??= String(threadsOfPool(availableParallelism()));

export {};
