/** The steps of reading a table, each by itself: for the fuzzing of what people write. */
export { decodeTable } from '../table-text.ts';
export { examineTable } from '../table.ts';
