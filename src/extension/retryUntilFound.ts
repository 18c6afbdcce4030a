/**
 * Caches the result of a search, and searches again while it finds nothing: a run folder exists before its config.yaml.
 * Concurrent calls share one search.
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
