export { WorkQueue, type QueueOptions } from './queue.ts';
