/** Memory of large arrays, given back when they are done with instead of when the garbage collector comes to them. */

/**
 * Frees the memory under an array that nobody uses any more; what still refers to it then has length 0. The collector
 * judges by the size of the JavaScript heap and, on a busy machine, comes late: meanwhile a hundred megabytes of pixels
 * that nobody needs may be waiting for it. The array must own its whole buffer; memory that is shared is left alone.
 */
export function releaseBytes({ buffer }: Uint8Array | Float32Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
