import { useEffect, useState } from "preact/hooks";
import type { RunPage } from "../data/types";
import { RunView } from "../page/run";
import { grouped } from "../words/format";
import { getPage, Refused } from "./api";

/** One run, drawn anew when it has grown; what stood stays until the new is there. */
export function RunPlace({ id, news, theme }: { id: string; news: number; theme: string }) {
  const [page, setPage] = useState<RunPage | null>(null);
  const [words, setWords] = useState("reading the log…");
  useEffect(() => {
    const stop = new AbortController();
    getPage(id, stop.signal, (n) => setWords(`reading the log: ${grouped(n)} rows so far…`))
      .then((data) => {
        setPage(data.runs[0] ?? null);
        setWords(data.runs[0] ? "" : "this log holds no run");
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setWords(told(error));
      });
    return () => stop.abort();
  }, [id, news]);
  return (
    <>
      {words && (
        <p class="empty" role="status">
          {words}
        </p>
      )}
      {page && <RunView page={page} theme={theme} sync={id} />}
    </>
  );
}

export function told(error: unknown): string {
  return error instanceof Refused ? error.message : "the server does not answer; is it still running?";
}
