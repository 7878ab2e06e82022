import type { Cause, RunPage } from "../data/types";
import { percent, worded } from "../words/format";

/** Why, the likeliest first, with what speaks for and against, and what to do. */
export function Causes({ page }: { page: RunPage }) {
  const { causes } = page.report;
  if (causes.length === 0) return null;
  return (
    <section class="causes" aria-labelledby="causes-title">
      <h2 id="causes-title">Why, and what to do</h2>
      {causes.map((cause, i) => (
        <CauseCard key={cause.cause} cause={cause} labels={page.labels} isOpen={i === 0} />
      ))}
    </section>
  );
}

/** The likeliest stands open; of the others the line with its chance is enough until it is asked for. */
function CauseCard({ cause, labels, isOpen }: { cause: Cause; labels: string[]; isOpen: boolean }) {
  const of = cause.findings.map((i) => labels[i]).filter(Boolean);
  return (
    <details class="cause" open={isOpen}>
      <summary>
        <b>{cause.title ?? worded(cause.cause)}</b> <span class="chance">{percent(cause.probability)}</span>{" "}
        {of.length > 0 && <span class="faint">explains finding {of.join(", ")}</span>}
      </summary>
      <Reasons title="for" reasons={cause.for} />
      <Reasons title="against" reasons={cause.against} />
      {cause.next_test && (
        <p>
          <b>To tell:</b> {cause.next_test}
        </p>
      )}
      {cause.remedies.length > 0 && (
        <ol class="remedies">
          {cause.remedies.map((remedy) => (
            <li key={remedy.remedy}>
              {remedy.action}
              {remedy.why && <span class="faint"> {remedy.why}</span>}
              {remedy.source && <cite> {remedy.source}</cite>}
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

function Reasons({ title, reasons }: { title: string; reasons: string[] }) {
  if (reasons.length === 0) return null;
  return (
    <div class={`reasons ${title}`}>
      <b>{title}</b>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </div>
  );
}
