import { useMemo, useState } from "preact/hooks";
import { extent, within } from "../chart/range";
import { Stack } from "../chart/stack";
import type { RunPage } from "../data/types";
import { SHAPES } from "../words/severity";
import { Causes } from "./causes";
import { Curves, Notes, Phases } from "./facts";
import { Findings } from "./findings";

export interface Props {
  page: RunPage;
  theme: string;
  sync: string;
}

/** Everything about one run, in the order in which one asks. */
export function RunView({ page, theme, sync }: Props) {
  const { report } = page;
  const [lit, setLit] = useState<number | null>(null);
  const [range, setRange] = useState<[number, number] | null>(null);
  const marks = useMemo(
    () => report.findings.map((finding, i) => ({ label: page.labels[i] ?? `${i + 1}`, finding })),
    [page],
  );
  const whole = useMemo(() => extent(page), [page]);
  const show = (place: number): void => {
    const finding = report.findings[place];
    if (!finding) return;
    const end = finding.end_step ?? Math.min(whole[1], finding.onset_step + 0.1 * (whole[1] - whole[0]));
    const room = Math.max(2 * (end - finding.onset_step), 0.05 * (whole[1] - whole[0]));
    setRange(within([finding.onset_step - room, end + room], whole));
  };
  return (
    <article class="run" aria-label={report.run}>
      <header class={`verdict ${report.verdict}`}>
        <p class="badge">
          <span aria-hidden="true">{SHAPES[report.verdict]}</span> {report.verdict}
        </p>
        <h1>{report.summary}</h1>
        <p class="faint">
          <span class="name">{report.run}</span> · {report.format}
        </p>
      </header>
      {page.panels.length === 0 ? (
        <p class="empty">This log holds no curve to draw: no series has two finite values.</p>
      ) : (
        <Stack
          page={page}
          marks={marks}
          smoothings={page.smoothings}
          lit={lit}
          theme={theme}
          sync={sync}
          range={range}
          onZoom={setRange}
        />
      )}
      <Phases page={page} whole={whole} />
      <div class="columns">
        <Findings page={page} marks={marks} lit={lit} onLit={setLit} onShow={show} />
        <Causes page={page} />
      </div>
      <Notes page={page} />
      <Curves page={page} />
    </article>
  );
}
