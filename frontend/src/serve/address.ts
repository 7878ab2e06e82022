/** The address is the state: a list with what it is asked for, or one run. */

import { useEffect, useState } from "preact/hooks";
import type { Asked } from "./api";

export type Place = { kind: "list"; asked: Asked } | { kind: "run"; id: string };

const USUAL: Asked = { q: "", verdict: "", sort: "changed", order: "falling" };

export function placeOf(path: string, search: string): Place {
  const run = /^\/runs\/([^/]+)$/.exec(path);
  if (run?.[1]) return { kind: "run", id: decodeURIComponent(run[1]) };
  const said = new URLSearchParams(search);
  const asked = { ...USUAL };
  for (const name of Object.keys(USUAL) as (keyof Asked)[]) asked[name] = said.get(name) ?? USUAL[name];
  return { kind: "list", asked };
}

export function addressOf(place: Place): string {
  if (place.kind === "run") return `/runs/${encodeURIComponent(place.id)}`;
  const said = new URLSearchParams();
  for (const name of Object.keys(USUAL) as (keyof Asked)[]) {
    if (place.asked[name] !== USUAL[name]) said.set(name, place.asked[name]);
  }
  return said.size ? `/runs?${said}` : "/runs";
}

/** The present place, and how to go to another: `replaces` leaves no step to go back to. */
export function usePlace(): [Place, (place: Place, replaces?: boolean) => void] {
  const here = (): Place => placeOf(window.location.pathname, window.location.search);
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const follow = (): void => setPlace(here());
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, []);
  const go = (next: Place, replaces = false): void => {
    if (replaces) window.history.replaceState(null, "", addressOf(next));
    else window.history.pushState(null, "", addressOf(next));
    setPlace(next);
  };
  return [place, go];
}
