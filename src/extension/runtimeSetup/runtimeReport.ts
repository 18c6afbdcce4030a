/** Parses the output of `nlvr runtime --json`. */
import { commandError } from '../trainer/commandError';
import { parseLocalizedMessage, type MessageText } from '../../util/localize';

export interface RuntimeStatus {
  works: boolean;
  /** TensorFlow's version, and the folder of its libraries; null if there is none. */
  version: string | null;
  directory: string | null;
  /** Whether `nlvr runtime install` installed it, so that it can be removed. */
  managed: boolean;
  /** Why it does not work. */
  message: MessageText | null;
}

export interface InstallProgress {
  /** Name of the phase. */
  phase: string;
  /** Bytes; `total` is null if unknown. */
  done: number;
  total: number | null;
}

/**
 * Parses the status.
 * @param stdout output of `nlvr runtime status --json`
 * @param code its exit code; 3 means missing or broken
 */
export function parseStatus(stdout: string, stderr: string, code: number | null): RuntimeStatus {
  const value = parseObject(stdout);
  const text = (key: string): string | null =>
    typeof value?.[key] === 'string' ? value[key] : null;
  return {
    works: code === 0,
    version: text('version'),
    directory: text('directory'),
    managed: text('source') === 'managed',
    message:
      parseLocalizedMessage(value?.phrase) ??
      text('message') ??
      (code === 0 || stderr.trim() === '' ? null : commandError(stderr, '').messageText),
  };
}

/** Parses a line of `nlvr runtime install --json`; undefined for other lines. */
export function parseProgress(line: string): InstallProgress | undefined {
  const value = parseObject(line);
  if (typeof value?.phase !== 'string') return undefined;
  const number = (key: string): number | null => {
    const each = value[key];
    return typeof each === 'number' && Number.isFinite(each) && each >= 0 ? each : null;
  };
  return { phase: value.phase, done: number('done') ?? 0, total: number('total') };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
