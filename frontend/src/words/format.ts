/** Numbers as they are said: steps grouped, values with as many digits as their noise allows. */

const THIN = "\u202f";
/** As JSON spells them. */
const NOT_FINITE: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/** 128 000 */
export function grouped(step: number): string {
  return Math.round(step)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** 950, 12k, 1.5M: for ticks. */
export function compact(step: number): string {
  const size = Math.abs(step);
  for (const [unit, word] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (size >= unit) return `${trimmed((step / unit).toFixed(2))}${word}`;
  }
  return trimmed(step.toFixed(2));
}

/** A value to the digit that its noise reaches, four significant digits where the noise is not known. */
export function valued(value: number | string | null, noise = 0): string {
  if (value === null) return "–";
  const known = typeof value === "string" ? (NOT_FINITE[value] ?? NaN) : value;
  if (!Number.isFinite(known)) return Number.isNaN(known) ? "NaN" : known > 0 ? "inf" : "-inf";
  if (known !== 0 && (Math.abs(known) >= 1e6 || Math.abs(known) < 1e-4)) return known.toExponential(2);
  if (noise > 0) {
    const digits = Math.max(0, Math.min(8, 1 - Math.floor(Math.log10(noise))));
    return known.toFixed(digits);
  }
  return trimmed(known.toPrecision(4));
}

/** 0.034 -> 3.4 % */
export function percent(share: number): string {
  const hundredth = 100 * share;
  return `${hundredth >= 10 || hundredth === 0 ? Math.round(hundredth) : trimmed(hundredth.toPrecision(2))}\u00a0%`;
}

/** How long ago a moment is, given in seconds since the epoch: 40 s, 5 min, 3 h, 12 d. */
export function ago(moment: number | null, now = Date.now() / 1000): string {
  if (moment === null) return "–";
  const past = Math.max(0, now - moment);
  for (const [unit, word] of [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
  ] as const) {
    if (past >= 2 * unit) return `${Math.floor(past / unit)} ${word}`;
  }
  return `${Math.floor(past)} s`;
}

/** nan_grad -> nan grad: an id as words. */
export function worded(id: string): string {
  return id.replaceAll("_", " ");
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
