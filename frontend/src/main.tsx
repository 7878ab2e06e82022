import { render } from "preact";
import type { PageData } from "./data/types";
import { ReportView } from "./page/report";
import { Dashboard } from "./serve/dashboard";
import "./style/page.css";

const REPORT = "descentry/page/1";
const SERVED = "descentry/serve/1";

/** What stands in the page itself: a report's data, or that a server sent it; null where neither does. */
function inlined(): PageData | { schema: typeof SERVED } | null {
  const element = document.getElementById("descentry-data");
  return element?.textContent ? (JSON.parse(element.textContent) as PageData) : null;
}

const home = document.getElementById("page");
const data = inlined();
if (home && data?.schema === REPORT) {
  home.replaceChildren();
  render(<ReportView data={data} />, home);
} else if (home && data?.schema === SERVED) {
  home.replaceChildren();
  render(<Dashboard />, home);
}
