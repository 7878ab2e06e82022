/** A panel's lines laid side by side for uPlot: one ascending x, a column each. */

import uPlot from "uplot";
import { unpacked } from "../data/arrays";
import type { Line, Panel } from "../data/types";
import { faded, type Theme } from "./theme";

export interface View {
  smoothing: string;
  isLog: boolean;
  showsRaw: boolean;
}

export interface Table {
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands: uPlot.Band[];
  /** Of each line its column of logged values, for the crosshair. */
  logged: { line: Line; column: number; colour: string }[];
}

type Tables = Parameters<typeof uPlot.join>[0];

/** The table of a panel under a view. */
export function tableOf(panel: Panel, view: View, theme: Theme): Table {
  const tables: Tables = [];
  const table: Table = { data: [[]], series: [{}], bands: [], logged: [] };
  panel.lines.forEach((line, i) => {
    const colour = colourOf(line, i, theme);
    const steps = Array.from(unpacked(line.steps));
    const columns: (number | null)[][] = [];
    const add = (values: Float64Array, series: uPlot.Series): number => {
      columns.push(drawable(values, view.isLog));
      table.series.push(series);
      return table.series.length - 1;
    };
    if (line.high && line.low) {
      const high = add(unpacked(line.high), { ...hidden(), label: `${line.name} high` });
      const low = add(unpacked(line.low), { ...hidden(), label: `${line.name} low` });
      table.bands.push({ series: [high, low], fill: faded(colour, 0.2) });
    }
    const smooth = line.is_sparse ? undefined : line.smooth[view.smoothing];
    const isBehind = smooth !== undefined;
    const column = add(unpacked(line.values), {
      label: line.name,
      stroke: isBehind ? (view.showsRaw ? faded(colour, 0.5) : "#0000") : colour,
      width: isBehind ? 1 : 1.75,
      spanGaps: line.is_sparse,
      points: line.is_sparse ? { show: true, size: 5, fill: colour, stroke: colour } : { show: false },
    });
    table.logged.push({ line, column, colour });
    if (smooth) {
      add(unpacked(smooth), {
        label: `${line.name} ${view.smoothing}`,
        stroke: colour,
        width: 2,
        points: { show: false },
      });
    }
    tables.push([steps, ...columns] as uPlot.AlignedData);
  });
  if (tables.length > 0) table.data = tables.length === 1 ? (tables[0] as uPlot.AlignedData) : uPlot.join(tables);
  return table;
}

function colourOf(line: Line, place: number, theme: Theme): string {
  if (line.is_sparse || line.role === "val_loss") return theme.beside;
  return theme.lines[place % theme.lines.length] ?? theme.text;
}

function hidden(): uPlot.Series {
  return { stroke: "#0000", width: 0, points: { show: false } };
}

/** NaN, and what a log axis cannot hold, are gaps. */
function drawable(values: Float64Array, isLog: boolean): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) && !(isLog && value <= 0) ? value : null));
}
