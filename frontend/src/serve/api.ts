/** What the server is asked: same origin, the cookie goes along; nothing is kept that the server does not say. */

import type { PageData, Verdict } from "../data/types";

export interface BriefFinding {
  pattern: string;
  curve: string;
  severity: string;
  onset_step: number;
  is_open: boolean;
}

export interface Row {
  id: string;
  run: string;
  format: string;
  verdict: Verdict | "unread" | "unreadable";
  summary: string;
  curve: string | null;
  last_loss: number | string | null;
  last_step: number | null;
  n_points: number;
  last_time: number | null;
  changed: number | null;
  sparkline: number[];
  findings: BriefFinding[];
  tags: string[];
  problem: string | null;
}

export interface Progress {
  is_listed: boolean;
  n_runs: number;
  n_read: number;
  n_waiting: number;
  n_skipped: number;
}

export interface Listing {
  total: number;
  offset: number;
  runs: Row[];
  progress: Progress;
}

/** What the list is asked for; the address of the page holds the same. */
export interface Asked {
  q: string;
  verdict: string;
  sort: string;
  order: string;
}

export const MOST_RUNS = 10_000;
const AGAIN_MS = 700;

/** Why the server did not answer with what was asked, in its own words. */
export class Refused extends Error {}

export async function getRuns(asked: Asked, signal: AbortSignal): Promise<Listing> {
  const query = new URLSearchParams({ q: asked.q, sort: asked.sort, order: asked.order, limit: String(MOST_RUNS) });
  if (asked.verdict) query.set("verdict", asked.verdict);
  return (await (await answered(`/api/runs?${query}`, signal)).json()) as Listing;
}

/** The page of one run; `onWaiting` hears how many rows were read while the log is long. */
export async function getPage(id: string, signal: AbortSignal, onWaiting: (n: number) => void): Promise<PageData> {
  for (;;) {
    const answer = await answered(`/api/runs/${encodeURIComponent(id)}/page`, signal);
    if (answer.status !== 202) return (await answer.json()) as PageData;
    onWaiting(((await answer.json()) as { n_rows: number }).n_rows);
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

async function answered(address: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { signal });
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => ({}))) as { error?: string };
  throw new Refused(said.error ?? `the server answered ${answer.status}`);
}

/** Calls back for each kind of event, and with whether the server is there; what comes back ends it. */
export function listen(
  onEvent: (kind: string, data: Record<string, unknown>) => void,
  onLine: (isThere: boolean) => void,
): () => void {
  const source = new EventSource("/api/events");
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => onEvent(kind, JSON.parse((event as MessageEvent<string>).data)));
  }
  source.onopen = () => onLine(true);
  source.onerror = () => onLine(false);
  return () => source.close();
}

const KINDS = ["hello", "added", "changed", "gone", "listed", "progress", "grown", "opened", "updated", "resolved"];
