import type { RunPage } from "../data/types";
import { grouped, valued, worded } from "../words/format";

/** The phases as a ribbon, as wide as their steps. */
export function Phases({ page, whole }: { page: RunPage; whole: [number, number] }) {
  const { phases, schedule } = page.report;
  const said = schedule?.["statement"];
  if (phases.length === 0) return null;
  const span = whole[1] - whole[0];
  const at = (step: number): number => Math.min(Math.max(((step - whole[0]) / span) * 1000, 0), 1000);
  return (
    <section class="phases" aria-labelledby="phases-title">
      <h2 id="phases-title">Course</h2>
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        {phases.map((one, i) => (
          <rect
            key={one.first_step}
            class={`phase-${i % 2} ${one.phase}`}
            x={at(one.first_step)}
            width={Math.max(at(one.last_step) - at(one.first_step), 2)}
            y="0"
            height="10"
          />
        ))}
      </svg>
      <ol>
        {phases.map((one) => (
          <li key={one.first_step}>
            {worded(one.phase)}{" "}
            <span class="faint">
              {grouped(one.first_step)} – {grouped(one.last_step)}
            </span>
          </li>
        ))}
      </ol>
      {typeof said === "string" && <p class="faint">schedule: {said}</p>}
    </section>
  );
}

/** Every series in figures. */
export function Curves({ page }: { page: RunPage }) {
  const { curves } = page.report;
  return (
    <details class="curves">
      <summary>All {curves.length} series in figures</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="All series in figures">
        <table>
          <thead>
            <tr>
              {["series", "role", "points", "first step", "last step", "not finite", "first", "last", "least"].map((word) => (
                <th key={word} scope="col">
                  {word}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {curves.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td>{one.role === null ? "–" : worded(one.role)}</td>
                <td class="number">{grouped(one.n_points)}</td>
                <td class="number">{grouped(one.first_step)}</td>
                <td class="number">{grouped(one.last_step)}</td>
                <td class="number">{grouped(one.n_nonfinite)}</td>
                <td class="number">{valued(one.first)}</td>
                <td class="number">{valued(one.last)}</td>
                <td class="number">{valued(one.min)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** What the reader of the log had to say, and what could not be known. */
export function Notes({ page }: { page: RunPage }) {
  const { warnings, notes = [] } = page.report;
  if (warnings.length + notes.length === 0) return null;
  return (
    <section class="notes" aria-labelledby="notes-title">
      <h2 id="notes-title">About this log</h2>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
        {warnings.map((one) => (
          <li key={`${one.kind} ${one.where}`}>
            {one.message}
            {one.where && <span class="faint"> ({one.where})</span>}
            {one.count > 1 && ` ×${grouped(one.count)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}
