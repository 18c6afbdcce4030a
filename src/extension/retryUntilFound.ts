/**
 * Remembers what a search finds, and searches again as long as it finds nothing: a run folder is there before its
 * config.yaml is. Whoever asks while a search is under way waits for that one.
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
