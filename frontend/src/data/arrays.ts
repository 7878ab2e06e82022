import type { Packed } from "./types";

/** The values of a packed array; an empty array where its text is no whole number of values. */
export function unpacked(packed: Packed): Float64Array {
  const text = atob(packed.f64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return text.length % 8 === 0 ? new Float64Array(bytes.buffer) : new Float64Array(0);
}

/** The place of the value nearest to x in ascending values; -1 where there is none. */
export function nearest(values: ArrayLike<number>, x: number): number {
  if (values.length === 0) return -1;
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) <= x) low = middle;
    else high = middle;
  }
  return x - (values[low] as number) <= (values[high] as number) - x ? low : high;
}
