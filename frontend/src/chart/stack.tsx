import { useMemo, useState } from "preact/hooks";
import { unpacked } from "../data/arrays";
import type { RunPage } from "../data/types";
import type { Mark } from "./marks";
import { PanelView } from "./panel";
import { Toolbar } from "./toolbar";

export interface Props {
  page: RunPage;
  marks: Mark[];
  smoothings: string[];
  lit: number | null;
  theme: string;
  sync: string;
  range: [number, number] | null;
  onZoom: (range: [number, number] | null) => void;
}

/** The panels of one run under one x axis and one cursor. */
export function Stack({ page, marks, smoothings, lit, theme, sync, range, onZoom }: Props) {
  const suggestsLog = page.panels.some((panel) => panel.is_main && panel.suggests_log);
  const [smoothing, setSmoothing] = useState(page.smoothing);
  const [isLog, setLog] = useState(false);
  const [showsRaw, setRaw] = useState(true);
  const view = useMemo(() => ({ smoothing, isLog, showsRaw }), [smoothing, isLog, showsRaw]);
  const whole = useMemo(() => extent(page), [page]);
  const shown = range ?? whole;
  return (
    <div class="stack">
      <Toolbar
        smoothings={smoothings}
        smoothing={smoothing}
        onSmoothing={setSmoothing}
        isLog={isLog}
        onLog={setLog}
        suggestsLog={suggestsLog}
        showsRaw={showsRaw}
        onRaw={setRaw}
        isZoomed={range !== null}
        onReset={() => onZoom(null)}
      />
      {page.panels.map((panel, i) => (
        <PanelView
          key={panel.id}
          panel={panel}
          view={view}
          marks={{ marks, verticals: page.verticals, lit }}
          range={shown}
          theme={theme}
          onZoom={(next) => onZoom(next && within(next, whole))}
          sync={sync}
          isLast={i === page.panels.length - 1}
        />
      ))}
    </div>
  );
}

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
