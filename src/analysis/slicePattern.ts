/** What the thread that analyses and the one that matches a user's pattern share. */

/** What a worker is given; it answers with one byte a sentence, 1 where the pattern matches. */
export interface MatchRequest {
  pattern: string;
  sentences: readonly string[];
}

/** A user's pattern: case is ignored, characters are Unicode's. @throws SyntaxError */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(pattern, 'iu');
}
