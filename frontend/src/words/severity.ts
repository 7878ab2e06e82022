import type { Severity, Verdict } from "../data/types";

/** Shape and word beside the colour: nobody need see the colour. */
export const SHAPES: Record<Severity | Verdict, string> = {
  critical: "■",
  warning: "▲",
  info: "●",
  ok: "○",
  healthy: "○",
  undetermined: "?",
};
