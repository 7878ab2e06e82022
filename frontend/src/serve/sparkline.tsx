const WIDTH = 120;
const HEIGHT = 24;

/** The loss in a few strokes; the numbers stand beside it. */
export function Sparkline({ values }: { values: number[] }) {
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const points = values
    .map((value, i) => [(i / (values.length - 1)) * WIDTH, HEIGHT - 1 - ((value - low) / span) * (HEIGHT - 2)] as const)
    .filter(([, y]) => Number.isFinite(y))
    .map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
