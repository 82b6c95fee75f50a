/** Loaded before HDF5, on its own thread: it warns there of what is odd in a file; a refusal says what matters of it. */
const nothing = (): void => undefined;
Object.assign(console, { error: nothing, warn: nothing });
