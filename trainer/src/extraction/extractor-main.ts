/** Entry of a process that extracts features. */
import { serveTasks } from '../processes/serve-tasks.ts';
import type { ExtractionWork } from './messages.ts';

serveTasks<ExtractionWork>(async (settings) => {
  const { SlideExtractor } = await import('./slide-extractor.ts');
  return SlideExtractor.open(settings);
});
