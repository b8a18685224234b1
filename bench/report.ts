/** One figure of a benchmark: a rate, and its ratio against a peer or a floor taken in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Against what, and how much of it; absent for the peer itself. */
  readonly ratio?: { readonly to: string; readonly value: number };
}

/** Middle of the values; the mean of the two in the middle for an even number. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
};

/** The figures as a table for people. */
export const table = (figures: readonly Figure[]): string => {
  const rows = figures.map(({ name, value, unit, ratio }) => [
    name,
    `${value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })} ${unit}`,
    ratio ? `${ratio.value.toFixed(2)} × ${ratio.to}` : '',
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(([a = '', b = '', c = '']) => `${a.padEnd(widths[0] ?? 0)}  ${b.padStart(widths[1] ?? 0)}  ${c}`.trimEnd())
    .join('\n');
};
