/** Where TensorFlow computes: the one setting that also chose the library at set-up. */
export function deviceFromEnvironment(): 'cpu' | 'gpu' {
  return process.env['WSI_TENSORFLOW'] === 'gpu' ? 'gpu' : 'cpu';
}
