import { useEffect, useState } from "preact/hooks";
import type { PageData } from "../data/types";
import { SHAPES } from "../words/severity";
import { RunView } from "./run";
import { ThemeSwitch, useTheme } from "./theme";

/** The report in one file: the worst run first, the others one click away. */
export function ReportView({ data }: { data: PageData }) {
  const [theme, setTheme] = useTheme();
  const [chosen, choose] = useState(() => fromHash(data));
  useEffect(() => {
    const follow = (): void => choose(fromHash(data));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, [data]);
  const page = data.runs[chosen];
  return (
    <>
      <nav class="top" aria-label="Runs">
        <b>Descentry</b>
        {data.runs.length > 1 && (
          <select
            aria-label="run"
            value={String(chosen)}
            onChange={(event) => {
              window.location.hash = `run-${event.currentTarget.value}`;
            }}
          >
            {data.runs.map((one, i) => (
              <option key={one.report.run} value={String(i)}>
                {SHAPES[one.report.verdict]} {one.report.run}
              </option>
            ))}
          </select>
        )}
        <ThemeSwitch theme={theme} onChange={setTheme} />
      </nav>
      <main>
        {page ? (
          <RunView key={chosen} page={page} theme={theme} sync={`run-${chosen}`} />
        ) : (
          <p class="empty">No run was found in what was given.</p>
        )}
      </main>
      <footer>
        descentry {data.version} · made {data.made_at}
      </footer>
    </>
  );
}

function fromHash(data: PageData): number {
  const place = Number(/^#run-(\d+)$/.exec(window.location.hash)?.[1] ?? 0);
  return place < data.runs.length ? place : 0;
}
