import { problemOf } from './questionHistory';

export interface Notice {
  level: 'info' | 'error';
  message: string;
}

/** Notice of the page: an error or a confirmation. Every change calls `changed`. */
export class Notices {
  current: Notice | null = null;

  constructor(private readonly changed: () => void) {}

  /** Shows a thrown error with its hint. */
  showError(error: unknown): void {
    const { message, hint } = problemOf(error);
    this.current = { level: 'error', message: hint === undefined ? message : `${message} ${hint}` };
    this.changed();
  }

  /** Shows a confirmation. @param announce also announces it to screen readers */
  showInfo(message: string, announce: (text: string) => void): void {
    this.current = { level: 'info', message };
    announce(message);
    this.changed();
  }

  dismiss(): void {
    this.current = null;
    this.changed();
  }

  /** Awaits a request and shows its failure as a notice. @returns its result; null if it failed */
  async catchErrors<T>(request: Promise<T>): Promise<T | null> {
    try {
      return await request;
    } catch (error) {
      this.showError(error);
      return null;
    }
  }
}
