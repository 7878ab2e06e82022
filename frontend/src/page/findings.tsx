import type { RunPage } from "../data/types";
import { grouped, percent, valued, worded } from "../words/format";
import { SHAPES } from "../words/severity";
import type { Mark } from "../chart/marks";

export interface Props {
  page: RunPage;
  marks: Mark[];
  lit: number | null;
  onLit: (place: number | null) => void;
  onShow: (place: number) => void;
}

/** The findings, numbered as their pins; those that follow from another stand under it. */
export function Findings({ page, marks, lit, onLit, onShow }: Props) {
  if (marks.length === 0) return null;
  return (
    <section class="findings" aria-labelledby="findings-title">
      <h2 id="findings-title">Findings</h2>
      <ol>
        {marks.map(({ label, finding }, i) => (
          <li
            key={label}
            class={`${finding.severity}${lit === i ? " lit" : ""}${finding.explained_by === null ? "" : " follows"}`}
            onMouseEnter={() => onLit(i)}
            onMouseLeave={() => onLit(null)}
          >
            <button
              type="button"
              class="place"
              onClick={() => onShow(i)}
              onFocus={() => onLit(i)}
              onBlur={() => onLit(null)}
              title="show this place in the chart"
            >
              <span class="pin" aria-hidden="true">
                {SHAPES[finding.severity]}
              </span>
              <b>
                {label} {worded(finding.pattern)}
              </b>{" "}
              <span class="severity">{finding.severity}</span>
            </button>
            <p>{finding.statement}</p>
            <p class="faint">
              since step {grouped(finding.onset_step)} · {percent(finding.confidence)} sure
              {finding.explained_by !== null && ` · follows from ${page.labels[finding.explained_by] ?? "another"}`}
            </p>
            {page.known[i] && <p class="known">{page.known[i]}</p>}
            {finding.evidence.length > 0 && (
              <details>
                <summary>evidence</summary>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">what</th>
                      <th scope="col">step</th>
                      <th scope="col">seen</th>
                      <th scope="col">expected</th>
                    </tr>
                  </thead>
                  <tbody>
                    {finding.evidence.map((one) => (
                      <tr key={one.statement}>
                        <td>
                          {one.statement} <span class="faint">({one.curve})</span>
                        </td>
                        <td class="number">{one.step === null ? "–" : grouped(one.step)}</td>
                        <td class="number">{valued(one.observed)}</td>
                        <td class="number">{valued(one.expected)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
