export interface Props {
  smoothings: string[];
  smoothing: string;
  onSmoothing: (name: string) => void;
  isLog: boolean;
  onLog: (on: boolean) => void;
  suggestsLog: boolean;
  showsRaw: boolean;
  onRaw: (on: boolean) => void;
  isZoomed: boolean;
  onReset: () => void;
}

export function Toolbar(props: Props) {
  return (
    <div class="toolbar" role="toolbar" aria-label="How the curves are drawn">
      <label>
        smoothing{" "}
        <select value={props.smoothing} onChange={(event) => props.onSmoothing(event.currentTarget.value)}>
          {props.smoothings.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          <option value="none">none</option>
        </select>
      </label>
      <Toggle on={props.showsRaw} onChange={props.onRaw} label="logged values" />
      <Toggle
        on={props.isLog}
        onChange={props.onLog}
        label="log axis"
        hint={props.suggestsLog ? "the loss spans a decade and more" : undefined}
      />
      <button type="button" onClick={props.onReset} disabled={!props.isZoomed}>
        show all steps
      </button>
    </div>
  );
}

interface ToggleProps {
  on: boolean;
  onChange: (on: boolean) => void;
  label: string;
  hint?: string | undefined;
}

function Toggle({ on, onChange, label, hint }: ToggleProps) {
  return (
    <label>
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
      {hint && <span class="hint"> {hint}</span>}
    </label>
  );
}
