/** A VS Code server that runs from npm, with the Node it was compiled for. */
export interface VscodeServer {
  /** Path of the Node binary. */
  node: string;
  /** Path of code-server's entry script. */
  entry: string;
  /** code-server's version. */
  version: string;
}
export type ServerName = 'current' | 'oldest';
export interface TestTools {
  /** Path of the browser. */
  chromium: string;
  servers: Record<ServerName, VscodeServer>;
}
export function testTools(names?: ServerName[]): Promise<TestTools>;
