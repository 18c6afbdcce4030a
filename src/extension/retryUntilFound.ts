/**
 * Remembers what a search finds, and searches again as long as it finds nothing: a run folder is there before its
 * config.yaml is. A caller that asks during a search waits for that search.
 */
export function retryUntilFound<T>(search: () => Promise<T | null>): () => Promise<T | null> {
  let found: T | null = null;
  let searching: Promise<T | null> | undefined;
  const once = async (): Promise<T | null> => {
    try {
      return (found = await search());
    } finally {
      searching = undefined;
    }
  };
  return () => (found === null ? (searching ??= once()) : Promise.resolve(found));
}
