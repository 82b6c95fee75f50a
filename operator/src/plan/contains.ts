/**
 * Whether an observed object is what is desired: every desired field has its value there. The server fills in defaults,
 * and other controllers add fields of their own; neither is a difference.
 */
import { isRecord } from '@wsi-operator/foundation';
import { parseQuantity } from '@wsi-operator/api';

/** Maps of quantities: `1024Mi` is stored as `1Gi`, `1` as `"1"`. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(['requests', 'limits', 'capacity', 'minResources']);

/**
 * - An object is contained when each of its fields is; fields that only the observed one has are allowed.
 * - A list must have the same length, and each element must contain its counterpart: a rule that was added by hand to a
 *   NetworkPolicy is a difference. In metadata, where others add theirs (owner references), the desired ones suffice.
 * - Nothing, `false`, `0`, `''`, `{}` and `[]` are contained in an absent field: Go leaves zero values out.
 */
export function contains(observed: unknown, desired: unknown): boolean {
  return within(observed, desired, { inMetadata: false, quantities: false });
}

interface Place {
  readonly inMetadata: boolean;
  readonly quantities: boolean;
}

function within(observed: unknown, desired: unknown, place: Place): boolean {
  if (observed === undefined || observed === null) return isZero(desired);
  if (Array.isArray(desired)) return Array.isArray(observed) && listWithin(observed, desired, place);
  if (isRecord(desired)) {
    return (
      isRecord(observed) &&
      Object.entries(desired).every(([name, value]) =>
        within(Object.hasOwn(observed, name) ? observed[name] : undefined, value, inner(place, name)),
      )
    );
  }
  if (desired === undefined || desired === null || Object.is(observed, desired)) return true;
  return place.quantities && sameQuantity(observed, desired);
}

function inner(place: Place, name: string): Place {
  return {
    inMetadata: place.inMetadata || name === 'metadata',
    quantities: place.quantities || QUANTITY_MAPS.has(name),
  };
}

function listWithin(observed: readonly unknown[], desired: readonly unknown[], place: Place): boolean {
  if (place.inMetadata) return desired.every((item) => observed.some((other) => within(other, item, place)));
  return (
    observed.length === desired.length && desired.every((item, index) => within(observed[index], item, place))
  );
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  // All of its fields may have been left out one by one.
  if (isRecord(value)) return Object.values(value).every(isZero);
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

function sameQuantity(one: unknown, other: unknown): boolean {
  const isAmount = (value: unknown): value is string | number =>
    typeof value === 'string' || typeof value === 'number';
  if (!isAmount(one) || !isAmount(other)) return false;
  try {
    const [a, b] = [parseQuantity(one), parseQuantity(other)];
    return Math.abs(a - b) <= 1e-9 * Math.max(a, b);
  } catch {
    return false;
  }
}
