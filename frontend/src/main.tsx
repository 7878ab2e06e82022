import { render } from "preact";
import type { PageData } from "./data/types";
import { ReportView } from "./page/report";
import "./style/page.css";

const SCHEMA = "descentry/page/1";

/** The data that stand in the page itself; null where there are none. */
function inlined(): PageData | null {
  const element = document.getElementById("descentry-data");
  if (!element?.textContent) return null;
  const data = JSON.parse(element.textContent) as PageData;
  return data.schema === SCHEMA ? data : null;
}

const home = document.getElementById("page");
const data = inlined();
if (home && data) {
  home.replaceChildren();
  render(<ReportView data={data} />, home);
}
