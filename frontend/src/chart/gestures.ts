/** Wheel with a modifier zooms at the cursor, shift-drag pans, keys step, zoom and reset. Drag-zoom is uPlot's own. */

import type uPlot from "uplot";

export interface Gestures {
  /** Show these steps; null: all of them. */
  zoom: (range: [number, number] | null) => void;
}

const STEP_ZOOM = 0.8;

export function gesturesPlugin({ zoom }: Gestures): uPlot.Plugin {
  return {
    hooks: {
      ready: (chart) => {
        chart.over.addEventListener("wheel", (event) => onWheel(chart, event, zoom), { passive: false });
        chart.over.addEventListener("mousedown", (event) => onDrag(chart, event, zoom), { capture: true });
        chart.over.addEventListener("dblclick", () => zoom(null));
      },
    },
  };
}

function onWheel(chart: uPlot, event: WheelEvent, zoom: Gestures["zoom"]): void {
  if (!(event.ctrlKey || event.metaKey || event.altKey)) return;
  event.preventDefault();
  const at = chart.posToVal(event.offsetX, "x");
  zoomAt(chart, at, event.deltaY < 0 ? STEP_ZOOM : 1 / STEP_ZOOM, zoom);
}

function onDrag(chart: uPlot, event: MouseEvent, zoom: Gestures["zoom"]): void {
  if (!event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { min, max } = shown(chart);
  const begin = event.clientX;
  const perPixel = (max - min) / chart.over.clientWidth;
  const move = (moved: MouseEvent): void => {
    const by = (begin - moved.clientX) * perPixel;
    zoom([min + by, max + by]);
  };
  const end = (): void => {
    window.removeEventListener("mousemove", move);
    window.removeEventListener("mouseup", end);
  };
  window.addEventListener("mousemove", move);
  window.addEventListener("mouseup", end);
}

/** Whether the key was understood: arrows step the cursor, + and - zoom at it, 0 shows all. */
export function onKey(chart: uPlot, event: KeyboardEvent, zoom: Gestures["zoom"]): boolean {
  const steps = chart.data[0];
  const at = chart.cursor.idx ?? steps.length - 1;
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight": {
      const by = (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 10 : 1);
      const next = Math.min(Math.max(at + by, 0), steps.length - 1);
      const x = steps[next];
      if (x === undefined) return false;
      const { min, max } = shown(chart);
      if (x < min || x > max) zoom([x - (max - min) / 2, x + (max - min) / 2]);
      chart.setCursor({ left: chart.valToPos(x, "x"), top: chart.over.clientHeight / 2 });
      return true;
    }
    case "+":
    case "=":
      zoomAt(chart, steps[at] ?? 0, STEP_ZOOM, zoom);
      return true;
    case "-":
      zoomAt(chart, steps[at] ?? 0, 1 / STEP_ZOOM, zoom);
      return true;
    case "0":
    case "Escape":
      zoom(null);
      return true;
    default:
      return false;
  }
}

function zoomAt(chart: uPlot, at: number, factor: number, zoom: Gestures["zoom"]): void {
  const { min, max } = shown(chart);
  zoom([at - (at - min) * factor, at + (max - at) * factor]);
}

function shown(chart: uPlot): { min: number; max: number } {
  const { min, max } = chart.scales["x"] as uPlot.Scale;
  return { min: min ?? 0, max: max ?? 1 };
}
