import { useMemo, useState } from "preact/hooks";
import type { RunPage } from "../data/types";
import type { Mark } from "./marks";
import { PanelView } from "./panel";
import { extent, within } from "./range";
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
