/** Runs `work` again and again, `periodMs` after it was last done; what it rejects with goes to `onError`. Gives what ends it. Keeps no process alive. */
export function repeatEvery(
  periodMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    if (!isStopped) timer = setTimeout(() => work().catch(onError).finally(wait), periodMs).unref();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
