import { useEffect, useRef, useState } from "preact/hooks";
import { ago, grouped, valued } from "../words/format";
import { SHAPES } from "../words/severity";
import { type Asked, getRuns, type Listing, type Row } from "./api";
import { told } from "./run-place";
import { Sparkline } from "./sparkline";

const ROW = 40;
const BESIDE = 8;
const COLUMNS: { sort: string; title: string }[] = [
  { sort: "verdict", title: "state" },
  { sort: "name", title: "run" },
  { sort: "", title: "loss" },
  { sort: "last_loss", title: "last" },
  { sort: "last_step", title: "step" },
  { sort: "changed", title: "age" },
];

export interface Props {
  asked: Asked;
  news: number;
  onAsk: (asked: Asked) => void;
  onOpen: (id: string) => void;
}

/** The list: what is wrong first if one wishes, thousands of rows, hands on the keyboard. */
export function RunsPlace({ asked, news, onAsk, onOpen }: Props) {
  const [listing, setListing] = useState<Listing | null>(null);
  const [words, setWords] = useState("looking for runs…");
  const [at, setAt] = useState(0);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    getRuns(asked, stop.signal)
      .then((found) => {
        setListing(found);
        setWords("");
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setWords(told(error));
      });
    return () => stop.abort();
  }, [asked.q, asked.verdict, asked.sort, asked.order, news]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key === "/" && !isTyping) {
        event.preventDefault();
        search.current?.focus();
      } else if (event.key === "Escape" && isTyping) (event.target as HTMLElement).blur();
      else if (!isTyping && (event.key === "j" || event.key === "k")) {
        setAt((old) => Math.min(Math.max(old + (event.key === "j" ? 1 : -1), 0), (listing?.runs.length ?? 1) - 1));
      } else if (!isTyping && event.key === "Enter" && event.target === document.body) {
        const row = listing?.runs[at];
        if (row) onOpen(row.id);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [listing, at, onOpen]);
  const open = (listing?.runs ?? []).filter((row) => row.findings.some((one) => one.is_open && one.severity !== "info"));
  return (
    <section aria-labelledby="runs-title">
      <h1 id="runs-title">Runs</h1>
      <div class="toolbar">
        <label>
          find{" "}
          <input
            ref={search}
            type="search"
            value={asked.q}
            placeholder="name, tag, lr=0.1, spike"
            onInput={(event) => onAsk({ ...asked, q: event.currentTarget.value })}
          />
        </label>
        <label>
          state{" "}
          <select value={asked.verdict} onChange={(event) => onAsk({ ...asked, verdict: event.currentTarget.value })}>
            <option value="">all</option>
            {["critical", "warning", "undetermined", "healthy", "unreadable"].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <span role="status">
          {listing && `${grouped(listing.total)} runs, ${grouped(open.length)} with open findings`}
          {listing && listing.progress.n_waiting > 0 && `; ${grouped(listing.progress.n_waiting)} still to be read`}
        </span>
      </div>
      {words && <p class="empty">{words}</p>}
      {listing && listing.total === 0 && (
        <p class="empty">
          {listing.progress.is_listed
            ? "No run is like that. A log that appears in the folders is shown by itself."
            : "looking through the folders…"}
        </p>
      )}
      {listing && listing.runs.length > 0 && (
        <RunTable rows={listing.runs} at={at} asked={asked} onAsk={onAsk} onOpen={onOpen} />
      )}
    </section>
  );
}

interface TableProps {
  rows: Row[];
  at: number;
  asked: Asked;
  onAsk: (asked: Asked) => void;
  onOpen: (id: string) => void;
}

/** Only the rows in sight stand in the page. */
function RunTable({ rows, at, asked, onAsk, onOpen }: TableProps) {
  const home = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = home.current?.clientHeight ?? 640;
  const first = Math.max(0, Math.floor(top / ROW) - BESIDE);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + BESIDE);
  useEffect(() => {
    const element = home.current;
    if (!element) return;
    if (at * ROW < element.scrollTop) element.scrollTop = at * ROW;
    else if ((at + 2) * ROW > element.scrollTop + element.clientHeight) {
      element.scrollTop = (at + 2) * ROW - element.clientHeight;
    }
  }, [at]);
  const sorted = (sort: string): void => {
    const order = asked.sort === sort && asked.order === "falling" ? "rising" : "falling";
    onAsk({ ...asked, sort, order });
  };
  return (
    <div
      class="runs scroll"
      ref={home}
      tabIndex={0}
      role="region"
      aria-label="Runs"
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length}>
        <thead>
          <tr>
            {COLUMNS.map(({ sort, title }) => (
              <th
                key={title}
                scope="col"
                aria-sort={asked.sort === sort ? (asked.order === "rising" ? "ascending" : "descending") : undefined}
              >
                {sort ? (
                  <button type="button" onClick={() => sorted(sort)}>
                    {title}
                    {asked.sort === sort && (asked.order === "rising" ? " ↑" : " ↓")}
                  </button>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} />
          {rows.slice(first, last).map((row, i) => (
            <RunRow key={row.id} row={row} isAt={first + i === at} onOpen={onOpen} />
          ))}
          <Gap rows={rows.length - last} />
        </tbody>
      </table>
    </div>
  );
}

function Gap({ rows }: { rows: number }) {
  return rows > 0 ? <tr aria-hidden="true" style={{ height: `${rows * ROW}px` }} /> : null;
}

function RunRow({ row, isAt, onOpen }: { row: Row; isAt: boolean; onOpen: (id: string) => void }) {
  const isRead = row.verdict !== "unread" && row.verdict !== "unreadable";
  return (
    <tr class={isAt ? "at" : ""} style={{ height: `${ROW}px` }}>
      <td class={row.verdict}>
        <span class="badge">
          <span aria-hidden="true">{SHAPES[row.verdict as keyof typeof SHAPES] ?? "…"}</span> {row.verdict}
        </span>
      </td>
      <th scope="row">
        <a
          href={`/runs/${encodeURIComponent(row.id)}`}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey) return;
            event.preventDefault();
            onOpen(row.id);
          }}
        >
          {row.run}
        </a>
        <span class="faint summary" title={row.problem ?? row.summary}>
          {" "}
          {row.problem ?? (isRead ? row.summary : "not read yet")}
        </span>
      </th>
      <td>
        <Sparkline values={row.sparkline} />
      </td>
      <td class="number">{valued(row.last_loss)}</td>
      <td class="number">{row.last_step === null ? "–" : grouped(row.last_step)}</td>
      <td class="number">{ago(row.last_time ?? row.changed)}</td>
    </tr>
  );
}
