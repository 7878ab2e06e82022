import { unpacked } from "../data/arrays";
import type { RunPage } from "../data/types";

/** First and last step of all lines; a run of one step gets room around it. */
export function extent(page: RunPage): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const panel of page.panels) {
    for (const line of panel.lines) {
      const steps = unpacked(line.steps);
      if (steps.length === 0) continue;
      low = Math.min(low, steps[0] as number);
      high = Math.max(high, steps[steps.length - 1] as number);
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 1, high + 1] : [low, high];
}

/** The part of a range that lies in the run; null where that is the whole run. */
export function within(range: [number, number], whole: [number, number]): [number, number] | null {
  const least = (whole[1] - whole[0]) * 1e-6;
  const low = Math.max(range[0], whole[0]);
  const high = Math.min(range[1], whole[1]);
  if (high - low >= 0.9999 * (whole[1] - whole[0])) return null;
  return high - low < least ? [low, low + least] : [low, high];
}
