/** Colours of the canvas, read from the style sheet so that dark, light and print are decided in one place. */
export interface Theme {
  text: string;
  faint: string;
  grid: string;
  paper: string;
  lines: string[];
  beside: string;
  severity: Record<string, string>;
}

const N_LINES = 6;

export function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const get = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: get("--text"),
    faint: get("--faint"),
    grid: get("--grid"),
    paper: get("--paper"),
    lines: Array.from({ length: N_LINES }, (_, i) => get(`--line-${i}`)),
    beside: get("--line-beside"),
    severity: {
      critical: get("--critical"),
      warning: get("--warning"),
      info: get("--info"),
      ok: get("--faint"),
    },
  };
}

/** The colour with that opacity; colours of the style sheet are #rrggbb. */
export function faded(colour: string, opacity: number): string {
  return colour + Math.round(255 * opacity).toString(16).padStart(2, "0");
}
