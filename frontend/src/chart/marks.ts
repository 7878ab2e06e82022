/** Findings and events in the plot's own space: a band from onset to end, or a line at each of several events, a
 * numbered pin at the onset; thin verticals for what happened to the run. */

import type uPlot from "uplot";
import type { Finding, Vertical } from "../data/types";
import { faded, type Theme } from "./theme";

export interface Mark {
  label: string;
  finding: Finding;
}

export interface Marks {
  marks: Mark[];
  verticals: Vertical[];
  lit: number | null;
}

const PIN = 8;

/** Draws under and over the curves; `of` is asked anew at each drawing, so that a lit finding needs no new chart. */
export function marksPlugin(of: () => Marks, theme: Theme, hasPins: boolean): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (chart) => under(chart, of(), theme),
      draw: (chart) => {
        if (hasPins) over(chart, of(), theme);
      },
    },
  };
}

function under(chart: uPlot, { marks, verticals, lit }: Marks, theme: Theme): void {
  const { ctx, bbox } = chart;
  clipped(chart, () => {
    marks.forEach(({ finding }, i) => {
      const colour = theme.severity[finding.severity] ?? theme.faint;
      if (finding.severity === "info" && lit !== i) return;
      if (finding.steps.length > 1) {
        for (const step of finding.steps) rule(chart, step, faded(colour, lit === i ? 1 : 0.35), lit === i ? 2 : 1);
        return;
      }
      const left = chart.valToPos(finding.onset_step, "x", true);
      const right = finding.end_step === null ? bbox.left + bbox.width : chart.valToPos(finding.end_step, "x", true);
      ctx.fillStyle = faded(colour, lit === i ? 0.26 : 0.1);
      ctx.fillRect(left, bbox.top, Math.max(right - left, devicePixelRatio), bbox.height);
    });
    ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const { step } of verticals) rule(chart, step, theme.faint, 1);
    ctx.setLineDash([]);
  });
}

function over(chart: uPlot, { marks, verticals, lit }: Marks, theme: Theme): void {
  const { ctx, bbox } = chart;
  const size = PIN * devicePixelRatio;
  clipped(chart, () => {
    ctx.font = `600 ${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const taken: number[] = [];
    marks.forEach(({ label, finding }, i) => {
      const colour = theme.severity[finding.severity] ?? theme.faint;
      const x = chart.valToPos(finding.onset_step, "x", true);
      if (x < bbox.left - size || x > bbox.left + bbox.width + size) return;
      const row = taken.filter((other) => Math.abs(other - x) < 2.4 * size).length;
      taken.push(x);
      const y = bbox.top + size * (1.4 + 2.4 * row);
      rule(chart, finding.onset_step, faded(colour, lit === i ? 1 : 0.6), lit === i ? 2 : 1);
      shape(ctx, finding.severity, Math.min(Math.max(x, bbox.left + size), bbox.left + bbox.width - size), y, size, colour);
      ctx.fillStyle = theme.paper;
      ctx.fillText(label, Math.min(Math.max(x, bbox.left + size), bbox.left + bbox.width - size), y + 0.5 * devicePixelRatio);
    });
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.fillStyle = theme.text;
    if (verticals.length <= 8) {
      for (const { step, label } of verticals) {
        const x = chart.valToPos(step, "x", true) + 4 * devicePixelRatio;
        ctx.fillText(label.slice(0, 24), x, bbox.top + bbox.height - 8 * devicePixelRatio);
      }
    }
  });
}

function clipped(chart: uPlot, draw: () => void): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

function rule(chart: uPlot, step: number, colour: string, width: number): void {
  const { ctx, bbox } = chart;
  const x = Math.round(chart.valToPos(step, "x", true));
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}

/** A square, a triangle or a disc, so that severity is never told by colour alone. */
function shape(
  ctx: CanvasRenderingContext2D,
  severity: string,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  if (severity === "critical") {
    ctx.rect(x - size, y - size, 2 * size, 2 * size);
  } else if (severity === "warning") {
    ctx.moveTo(x, y - 1.5 * size);
    ctx.lineTo(x + 1.5 * size, y + 1.1 * size);
    ctx.lineTo(x - 1.5 * size, y + 1.1 * size);
  } else {
    ctx.arc(x, y, size, 0, 2 * Math.PI);
  }
  ctx.closePath();
  ctx.fill();
}
