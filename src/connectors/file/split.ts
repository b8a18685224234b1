const LF = 10;
const CR = 13;
const QUOTE = 34;

/** Called for each complete record: its first byte, the byte after its content, the first byte of the next one. */
export type OnRecord = (start: number, end: number, next: number) => void;

/**
 * Finds the complete records of `buffer[from, to)`, which begins with a record, and returns where the first incomplete one begins. Content excludes the line end
 * (LF or CR LF). Stateless: an incomplete record is looked at again with more bytes.
 */
export type Split = (buffer: Buffer, from: number, to: number, onRecord: OnRecord) => number;

/** The byte after the content of a record whose bytes end, with or without line end, at `to`. */
export const contentEnd = (buffer: Buffer, start: number, to: number): number =>
  to > start && buffer[to - 1] === CR ? to - 1 : to;

/** Every line is a record. */
export const splitLines: Split = (buffer, from, to, onRecord) => {
  let start = from;
  for (;;) {
    const lineEnd = buffer.indexOf(LF, start);
    if (lineEnd < 0 || lineEnd >= to) return start;
    onRecord(start, contentEnd(buffer, start, lineEnd), lineEnd + 1);
    start = lineEnd + 1;
  }
};

/** Every CSV row is a record: a line end between quotes belongs to the cell (RFC 4180). A quote counts only where a cell begins. */
export const splitCsv = (delimiter: string): Split => {
  const separator = delimiter.charCodeAt(0);
  return (buffer, from, to, onRecord) => {
    let start = from;
    let isQuoted = false;
    let isCellStart = true;
    for (let i = from; i < to; i++) {
      const byte = buffer[i];
      if (isQuoted) {
        if (byte !== QUOTE) continue;
        if (buffer[i + 1] === QUOTE && i + 1 < to) i++;
        else isQuoted = false;
      } else if (byte === QUOTE && isCellStart) {
        isQuoted = true;
        isCellStart = false;
      } else if (byte === LF) {
        onRecord(start, contentEnd(buffer, start, i), i + 1);
        start = i + 1;
        isCellStart = true;
      } else isCellStart = byte === separator;
    }
    return start;
  };
};
