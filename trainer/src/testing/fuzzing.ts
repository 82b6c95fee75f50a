/** The readers of what is stored of a run, each by itself: for the fuzzing of damaged checkpoints. */
export { cursorDigest, parseCursor, type Cursor } from '../checkpoint/cursor.ts';
export { decodeSafetensors, encodeSafetensors } from '@wsi-operator/engine';
export { storedDescription } from '../prediction/stored-description.ts';
