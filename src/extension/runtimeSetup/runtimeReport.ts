/** What `nlvr runtime` says with `--json`. */
import { failureIn } from '../trainer/failure';
import { parseLocalizedMessage, type MessageText } from '../../util/localize';

export interface RuntimeStatus {
  works: boolean;
  /** TensorFlow's version, and where its libraries lie; null when there is none. */
  version: string | null;
  directory: string | null;
  /** Whether it is the copy that `nlvr runtime install` made, which can be removed. */
  managed: boolean;
  /** Why it does not work. */
  message: MessageText | null;
}

export interface InstallProgress {
  /** What is being done, in a word or two. */
  phase: string;
  /** Bytes, both; `total` is null where it is not known. */
  done: number;
  total: number | null;
}

/**
 * @param stdout of `nlvr runtime status --json`
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
      (code === 0 || stderr.trim() === '' ? null : failureIn(stderr, '').messageText),
  };
}

/** A line of `nlvr runtime install --json`; undefined when it is none. */
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
