/** Numbers that depend on the seed only: the same on every machine and in every run. */
export interface Random {
  /** Integer in [0, below). */
  next(below: number): number;
  /** One of `items`. */
  pick<T>(items: readonly T[]): T;
  /** `count` decimal digits. */
  digits(count: number): string;
}

/** FNV-1a of a text, 32 bits: turns a name into a seed. */
export const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/** A splitmix32 generator started at `seed` mixed with `stream`. */
export const seededRandom = (seed: number, stream: number): Random => {
  let state =
    (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream | 0, 0xc2b2ae35) ^ Math.floor(stream / 2 ** 32)) | 0;
  const next = (below: number): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * below);
  };
  return {
    next,
    pick: (items) => items[next(items.length)] as (typeof items)[number],
    digits: (count) => {
      let text = '';
      for (let i = 0; i < count; i++) text += next(10);
      return text;
    },
  };
};
