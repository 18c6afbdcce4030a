/** Shared by the analysis and the worker thread that matches a user's pattern. */

/** Input of a worker; it returns one byte per sentence, 1 if the pattern matches. */
export interface MatchRequest {
  pattern: string;
  sentences: readonly string[];
}

/** Compiles a user's pattern: case-insensitive, Unicode. @throws SyntaxError */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(pattern, 'iu');
}
