/** What the page is given: schema descentry/page/1, made in Python (report/page.py). The page draws, it computes nothing. */

/** Little-endian float64 values, base64. NaN is a gap. */
export interface Packed {
  f64: string;
}

export type Severity = "critical" | "warning" | "info" | "ok";
export type Verdict = "healthy" | "warning" | "critical" | "undetermined";

export interface Evidence {
  statement: string;
  curve: string;
  step: number | null;
  observed: number | string | null;
  expected: number | string | null;
}

export interface Finding {
  pattern: string;
  severity: Severity;
  confidence: number;
  curve: string;
  onset_step: number;
  end_step: number | null;
  detected_at_step: number;
  resolved_at_step: number | null;
  steps: number[];
  statement: string;
  evidence: Evidence[];
  explained_by: number | null;
  saved_steps: number | null;
}

export interface Remedy {
  remedy: string;
  action: string;
  why: string;
  source: string;
}

export interface Cause {
  cause: string;
  title?: string;
  probability: number;
  findings: number[];
  for: string[];
  against: string[];
  next_test: string | null;
  remedies: Remedy[];
}

export interface Phase {
  phase: string;
  first_step: number;
  last_step: number;
}

export interface CurveSummary {
  name: string;
  role: string | null;
  n_points: number;
  first_step: number;
  last_step: number;
  n_nonfinite: number;
  first: number | string | null;
  last: number | string | null;
  min: number | string | null;
}

export interface Warning {
  kind: string;
  message: string;
  where: string | null;
  count: number;
}

export interface RunReport {
  run: string;
  format: string;
  path: string;
  verdict: Verdict;
  summary: string;
  phases: Phase[];
  schedule: Record<string, unknown> | null;
  curves: CurveSummary[];
  findings: Finding[];
  causes: Cause[];
  warnings: Warning[];
  notes?: string[];
}

/** One line of a panel: its level, its extremes where points outnumber what is sent, and smoothed forms by name. */
export interface Line {
  name: string;
  role: string | null;
  is_sparse: boolean;
  noise: number;
  steps: Packed;
  values: Packed;
  low: Packed | null;
  high: Packed | null;
  smooth: Record<string, Packed>;
}

export interface Panel {
  id: string;
  title: string;
  is_main: boolean;
  suggests_log: boolean;
  lines: Line[];
}

/** A thin vertical: a resume, another data version, an action of the guard. */
export interface Vertical {
  step: number;
  kind: string;
  label: string;
}

export interface RunPage {
  report: RunReport;
  labels: string[];
  panels: Panel[];
  verticals: Vertical[];
  known: string[];
  smoothings: string[];
  smoothing: string;
}

export interface PageData {
  schema: "descentry/page/1";
  version: string;
  made_at: string;
  runs: RunPage[];
}
