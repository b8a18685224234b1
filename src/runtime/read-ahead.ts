/** Yields what `source` yields, but asks for the next item while the last one is being worked on: one item ahead, never more. */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]();
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
    await next?.catch(() => undefined);
    await iterator.return?.();
  }
}
