// Original file: libraries/protocol/proto/training.proto


/**
 * An affine change of the optical densities (base 10) of red, green and blue: matrix, row by row, and offset.
 */
export interface DensityMap__Input {
  'matrix'?: (number | string)[];
  'offset'?: (number | string)[];
}

/**
 * An affine change of the optical densities (base 10) of red, green and blue: matrix, row by row, and offset.
 */
export interface DensityMap {
  'matrix': (number)[];
  'offset': (number)[];
}
