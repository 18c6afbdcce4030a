import { problemOf } from './questions';

export interface Notice {
  level: 'info' | 'error';
  message: string;
}

/** The notice that the page shows: what failed, or what was done. Every change ends in `changed`. */
export class Notices {
  current: Notice | null = null;

  constructor(private readonly changed: () => void) {}

  /** Shows anything thrown, with what to do. */
  fail(error: unknown): void {
    const { message, hint } = problemOf(error);
    this.current = { level: 'error', message: hint === undefined ? message : `${message} ${hint}` };
    this.changed();
  }

  /** Shows that something was done. @param say also says it to a screen reader */
  inform(message: string, say: (text: string) => void): void {
    this.current = { level: 'info', message };
    say(message);
    this.changed();
  }

  dismiss(): void {
    this.current = null;
    this.changed();
  }

  /** Shows a failed request as a notice. @returns its result, null when it failed */
  async reported<T>(request: Promise<T>): Promise<T | null> {
    try {
      return await request;
    } catch (error) {
      this.fail(error);
      return null;
    }
  }
}
