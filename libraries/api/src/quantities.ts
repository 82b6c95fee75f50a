/** Kubernetes resource quantities: `512Mi`, `1.5`, `100m`, `1e9`. */
import { WsiError } from '@wsi-operator/foundation';

/** The subset that a manifest may use: not negative; a decimal number with an SI, binary or exponent suffix. */
export const QUANTITY_EXPRESSION =
  '^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$';

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for (bytes, cores, devices). Throws InvalidArgument when it is none. */
export function parseQuantity(quantity: string | number): number {
  const text = String(quantity);
  if (!new RegExp(QUANTITY_EXPRESSION).test(text)) {
    throw new WsiError('InvalidArgument', `"${text}" is not a resource quantity.`, {
      remedy: 'Write it like 512Mi, 2 or 500m.',
    });
  }
  const [, digits = '', suffix = ''] = /^\+?([0-9.]+)(.*)$/.exec(text) ?? [];
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  return exponent === undefined
    ? Number(digits) * (SUFFIXES[suffix] ?? Number.NaN)
    : Number(`${digits}e${exponent}`);
}
