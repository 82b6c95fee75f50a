/** Numbers of a file as float32: half precision is widened, which is exact. */
import type { ElementType } from './safetensors.ts';

/** Types whose tensors may become parameters. */
export const FLOAT_TYPES = ['F32', 'F16', 'BF16'] as const satisfies readonly ElementType[];
export type FloatType = (typeof FLOAT_TYPES)[number];

export function isFloatType(type: ElementType): type is FloatType {
  return (FLOAT_TYPES as readonly ElementType[]).includes(type);
}

/** @param content little-endian, as in the file; may become part of the result */
export function float32From(type: FloatType, content: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = content;
  if (type === 'F32') {
    return byteOffset % 4 === 0
      ? new Float32Array(buffer, byteOffset, byteLength / 4)
      : new Float32Array(content.slice().buffer);
  }
  const view = new DataView(buffer, byteOffset, byteLength);
  const bits = new Uint32Array(byteLength / 2);
  const widened = type === 'BF16' ? (half: number): number => half * 2 ** 16 : float32Bits;
  for (let index = 0; index < bits.length; index++) bits[index] = widened(view.getUint16(index * 2, true));
  return new Float32Array(bits.buffer);
}

/** The bits of the float32 that is equal to a float16 (IEEE 754: 1 sign, 5 exponent, 10 fraction). */
function float32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal number: its highest bit becomes the implied one.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}
