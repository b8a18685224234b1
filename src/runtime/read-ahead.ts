/**
 * Yields what `open` reads, but asks for the next item while the last one is being worked on: one item ahead, never more. `open` is given a
 * signal that is aborted with `signal`, and when the taker leaves before the end: what is being read for nobody should end then.
 */
export async function* readAhead<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, void> {
  const left = new AbortController();
  const iterator = open(AbortSignal.any([signal, left.signal]))[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | undefined = iterator.next();
  try {
    for (;;) {
      const { done, value } = await (next as Promise<IteratorResult<T>>);
      next = undefined;
      if (done) return;
      next = iterator.next();
      // Whoever takes the item may fail first; the failure of the one ahead is then nobody's.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    left.abort();
    await next?.catch(() => undefined);
    await iterator.return?.();
  }
}
