import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Panel } from "../data/types";
import { compact, grouped, valued } from "../words/format";
import { gesturesPlugin, onKey } from "./gestures";
import { type Marks, marksPlugin } from "./marks";
import { type Table, tableOf, type View } from "./table";
import { type Theme, themeOf } from "./theme";

const HEIGHT = { main: 320, strip: 96, axis: 44 };
const LEFT = 64;

export interface Props {
  panel: Panel;
  view: View;
  marks: Marks;
  range: [number, number];
  theme: string;
  onZoom: (range: [number, number] | null) => void;
  sync: string;
  isLast: boolean;
}

/** One panel: the canvas, and beside it what the crosshair reads, which a screen reader hears. */
export function PanelView({ panel, view, marks, range, theme, onZoom, sync, isLast }: Props) {
  const home = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef({ marks, onZoom });
  latest.current = { marks, onZoom };

  useEffect(() => {
    const element = home.current;
    if (!element) return;
    const colours = themeOf(element);
    const table = tableOf(panel, view, colours);
    const options = optionsOf(panel, view, table, colours, element.clientWidth, sync, isLast, latest, (u) =>
      say(u, table, legend.current),
    );
    const made = new uPlot(options, table.data, element);
    chart.current = made;
    say(made, table, legend.current);
    const watcher = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: made.height });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [panel, view, theme, sync, isLast]);

  useEffect(() => {
    chart.current?.setScale("x", { min: range[0], max: range[1] });
  }, [range[0], range[1], panel, view, theme]);

  useEffect(() => chart.current?.redraw(false), [marks.lit]);

  return (
    <section class={panel.is_main ? "panel main" : "panel"} aria-label={panel.title}>
      <div class="panel-head">
        <h3>{panel.title}</h3>
        <div class="reading" ref={legend} aria-live="polite" />
      </div>
      <div
        class="plot"
        ref={home}
        tabIndex={0}
        role="application"
        aria-label={`${panel.title}: chart. Arrow keys step the cursor, plus and minus zoom, 0 shows all.`}
        onKeyDown={(event) => {
          if (chart.current && onKey(chart.current, event, onZoom)) event.preventDefault();
        }}
      />
    </section>
  );
}

function optionsOf(
  panel: Panel,
  view: View,
  table: Table,
  theme: Theme,
  width: number,
  sync: string,
  isLast: boolean,
  latest: { current: { marks: Marks; onZoom: Props["onZoom"] } },
  onCursor: (chart: uPlot) => void,
): uPlot.Options {
  const isLog = view.isLog && panel.is_main;
  const axis = { stroke: theme.text, grid: { stroke: theme.grid, width: 1 }, ticks: { stroke: theme.grid, width: 1 } };
  return {
    width,
    height: (panel.is_main ? HEIGHT.main : HEIGHT.strip) + (isLast ? HEIGHT.axis : 0),
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: { x: { time: false }, y: isLog ? { distr: 3, log: 10 } : { range: padded } },
    series: table.series,
    bands: table.bands,
    axes: [
      {
        ...axis,
        size: isLast ? HEIGHT.axis - 18 : 4,
        values: (_, ticks) => ticks.map((tick) => (isLast && Number.isInteger(tick) ? compact(tick) : "")),
        ...(isLast ? { label: "step", labelSize: 18, labelGap: 0 } : {}),
      },
      { ...axis, size: LEFT, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : valued(tick))) },
    ],
    cursor: {
      sync: { key: sync, setSeries: false, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
    },
    hooks: {
      setCursor: [onCursor],
      setSelect: [
        (chart) => {
          if (chart.select.width < 3) return;
          const from = chart.posToVal(chart.select.left, "x");
          const to = chart.posToVal(chart.select.left + chart.select.width, "x");
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom([from, to]);
        },
      ],
    },
    plugins: [
      marksPlugin(() => latest.current.marks, theme, panel.is_main),
      gesturesPlugin({ zoom: (range) => latest.current.onZoom(range) }),
    ],
  };
}

/** Some room above and below; a curve of one value stands in the middle. */
function padded(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = high > low ? 0.06 * (high - low) : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

/** The crosshair reads logged values, never smoothed ones. */
function say(chart: uPlot, table: Table, legend: HTMLDivElement | null): void {
  if (!legend) return;
  const at = chart.cursor.idx;
  const step = at === null || at === undefined ? undefined : chart.data[0][at];
  const parts = table.logged.map(({ line, column, colour }) => {
    const value = at === null || at === undefined ? undefined : chart.data[column]?.[at];
    const item = document.createElement("span");
    item.className = "key";
    const swatch = document.createElement("i");
    swatch.style.background = colour;
    const said = value === undefined ? "" : ` ${value === null ? "no value" : valued(value, line.noise)}`;
    item.append(swatch, `${line.name}${said}`);
    return item;
  });
  const where = document.createElement("span");
  where.textContent = step === undefined ? "" : `step ${grouped(step)}`;
  legend.replaceChildren(where, ...parts);
}
