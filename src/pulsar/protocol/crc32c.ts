const POLYNOMIAL = 0x82f63b78;
/** Bytes that are folded per step ("slicing by 16"), with a row of the table for each. */
const ROWS = 16;
const ROW = 256;
/** To read fewer bytes by words would cost more than it saves. */
const WORTH_WORDS = 64;

function buildTable(): Int32Array {
  const table = new Int32Array(ROWS * ROW);
  for (let byte = 0; byte < ROW; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let i = ROW; i < table.length; i++) {
    const crc = table[i - ROW] as number;
    table[i] = (crc >>> 8) ^ (table[crc & 0xff] as number);
  }
  return table;
}

const table = buildTable();

/** Four bytes, of which the first is the lowest; the last of them is `row` rows from the end of its step. */
function fold(word: number, row: number): number {
  return (
    (table[row + 3 * ROW + (word & 0xff)] as number) ^
    (table[row + 2 * ROW + ((word >>> 8) & 0xff)] as number) ^
    (table[row + ROW + ((word >>> 16) & 0xff)] as number) ^
    (table[row + (word >>> 24)] as number)
  );
}

function foldBytes(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let folded = crc;
  for (let i = start; i < end; i++) folded = (folded >>> 8) ^ (table[(folded ^ (bytes[i] as number)) & 0xff] as number);
  return folded;
}

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned. Give the result of earlier bytes as `previous` to continue. Reads words as the
 * machine has them: little-endian, as all are that Node has builds for but for IBM's.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, previous = 0): number {
  if (end - start < WORTH_WORDS) return ~foldBytes(~previous, bytes, start, end) >>> 0;
  const aligned = start + (-(bytes.byteOffset + start) & 3);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >>> 2);
  let crc = foldBytes(~previous, bytes, start, aligned);
  let i = 0;
  for (const last = words.length - 3; i < last; i += 4) {
    crc =
      fold(crc ^ (words[i] as number), 12 * ROW) ^
      fold(words[i + 1] as number, 8 * ROW) ^
      fold(words[i + 2] as number, 4 * ROW) ^
      fold(words[i + 3] as number, 0);
  }
  return ~foldBytes(crc, bytes, aligned + i * 4, end) >>> 0;
}
