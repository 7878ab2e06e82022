import { useEffect, useState } from "preact/hooks";

const NAMES = ["system", "light", "dark"] as const;
const KEY = "descentry-theme";

/** The theme's name, which changes also when the system's does, and how to set it. */
export function useTheme(): [string, (name: string) => void] {
  const [chosen, choose] = useState(remembered);
  const [isDark, setDark] = useState(() => window.matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = (): void => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  const shown = chosen === "system" ? (isDark ? "dark" : "light") : chosen;
  document.documentElement.dataset["theme"] = shown;
  return [
    shown,
    (name) => {
      remember(name);
      choose(name);
    },
  ];
}

export function ThemeSwitch({ theme, onChange }: { theme: string; onChange: (name: string) => void }) {
  return (
    <button type="button" class="theme" onClick={() => onChange(theme === "dark" ? "light" : "dark")}>
      {theme === "dark" ? "light page" : "dark page"}
    </button>
  );
}

/** A page opened from a file may have no storage; then it is as the system says. */
function remembered(): string {
  try {
    const name = window.localStorage.getItem(KEY);
    return NAMES.find((one) => one === name) ?? "system";
  } catch {
    return "system";
  }
}

function remember(name: string): void {
  try {
    window.localStorage.setItem(KEY, name);
  } catch {
    return;
  }
}
