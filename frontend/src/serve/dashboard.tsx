import { useEffect, useRef, useState } from "preact/hooks";
import { ThemeSwitch, useTheme } from "../page/theme";
import { type Place, usePlace } from "./address";
import { listen } from "./api";
import { RunPlace } from "./run-place";
import { RunsPlace } from "./runs-place";

/** How many times each thing has changed, so that who shows it asks again. */
export interface News {
  list: number;
  run: Record<string, number>;
}

const SETTLE_MS = 400;

/** All pages of the server under one head: the list of runs, and one run. */
export function Dashboard() {
  const [theme, setTheme] = useTheme();
  const [place, go] = usePlace();
  const [isThere, setThere] = useState(true);
  const news = useNews(setThere);
  const lastList = useRef<Place>({ kind: "list", asked: { q: "", verdict: "", sort: "changed", order: "falling" } });
  if (place.kind === "list") lastList.current = place;
  return (
    <>
      <nav class="top" aria-label="Pages">
        <a
          href="/runs"
          onClick={(event) => {
            event.preventDefault();
            go(lastList.current);
          }}
        >
          <b>Descentry</b> runs
        </a>
        <span role="status">{!isThere && "The server does not answer; what is shown may be old."}</span>
        <ThemeSwitch theme={theme} onChange={setTheme} />
      </nav>
      <main>
        {place.kind === "list" ? (
          <RunsPlace
            asked={place.asked}
            news={news.list}
            onAsk={(asked) => go({ kind: "list", asked }, true)}
            onOpen={(id) => go({ kind: "run", id })}
          />
        ) : (
          <RunPlace key={place.id} id={place.id} news={news.run[place.id] ?? 0} theme={theme} />
        )}
      </main>
    </>
  );
}

/** Counts what the server tells; many events at once count as one. */
function useNews(onLine: (isThere: boolean) => void): News {
  const [news, setNews] = useState<News>({ list: 0, run: {} });
  useEffect(() => {
    let waiting: Set<string> | null = null;
    const told = (kind: string, data: Record<string, unknown>): void => {
      if (kind === "hello") return;
      if (waiting === null) {
        const due = (waiting = new Set<string>());
        setTimeout(() => {
          waiting = null;
          setNews((old) => ({ list: old.list + 1, run: counted(old.run, due) }));
        }, SETTLE_MS);
      }
      if (typeof data["id"] === "string") waiting.add(data["id"]);
    };
    return listen(told, onLine);
  }, []);
  return news;
}

function counted(counts: Record<string, number>, ids: Set<string>): Record<string, number> {
  const next = { ...counts };
  for (const id of ids) next[id] = (next[id] ?? 0) + 1;
  return next;
}
