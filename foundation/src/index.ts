export { storageError, syncDirectory, writeFileAtomically, writeFileSynced } from './atomic-file.ts';
export { systemClock, type Clock } from './clock.ts';
export { canonicalJson, sha256, sha256OfFile } from './digest.ts';
export { systemErrorCode, WsiError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { createLogger, type Logger, type LogIdentity } from './log.ts';
export { peakResidentBytes } from './peak-memory.ts';
export { RandomStream } from './random.ts';
export { releaseBytes } from './release-bytes.ts';
