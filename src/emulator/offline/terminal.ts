/** Where lines for the user go; on a terminal the last one can be written over. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  #hasProgress = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  line(text = ''): void {
    this.#endProgress();
    this.#out.write(`${text}\n`);
  }

  /** Shows `text` in place of the progress before; only on a terminal. */
  progress(text: string): void {
    if (!this.#out.isTTY) return;
    this.#out.write(`\r\x1b[K${text}`);
    this.#hasProgress = true;
  }

  /** Rows as columns of text, with their keys as headings. */
  table(rows: readonly Readonly<Record<string, string>>[]): void {
    const columns = Object.keys(rows[0] ?? {});
    const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => (row[column] ?? '').length)));
    const show = (cells: readonly string[]) =>
      this.line(
        `  ${cells
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}`,
      );
    show(columns);
    show(widths.map((width) => '-'.repeat(width)));
    for (const row of rows) show(columns.map((column) => row[column] ?? ''));
  }

  #endProgress(): void {
    if (this.#hasProgress) this.#out.write('\r\x1b[K');
    this.#hasProgress = false;
  }
}
