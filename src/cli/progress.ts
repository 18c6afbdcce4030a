import { createLogUpdate } from 'log-update';
import { formatDuration } from '../util/duration';

const REDRAW_MS = 100;
const PLAIN_EVERY_MS = 10_000;
const CELLS = 30;

export interface Progress {
  /** @param note text after the percentage, such as the amount in megabytes */
  show(done: number, total: number, note?: string): void;
  done(): void;
}

/** Shows a progress bar with the remaining time on standard error; in a pipe, a plain line every ten seconds. */
export function createProgress(title: string): Progress {
  const { stderr } = process;
  const draw = stderr.isTTY ? createLogUpdate(stderr) : undefined;
  const began = performance.now();
  let shown = draw ? 0 : began;
  return {
    show(done, total, note) {
      const now = performance.now();
      const share = total > 0 ? Math.min(1, done / total) : 0;
      if (now - shown < (draw ? REDRAW_MS : PLAIN_EVERY_MS) && share < 1) return;
      shown = now;
      const left =
        share > 0 && share < 1
          ? `  ${formatDuration(((now - began) / 1000) * (1 / share - 1))} left`
          : '';
      const percent = `${Math.floor(share * 100)}%`;
      const full = Math.round(share * CELLS);
      if (draw)
        draw(
          `${title}  ${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${percent}${note ? `  ${note}` : ''}${left}`,
        );
      else if (share < 1) stderr.write(`${title} ${percent}${note ? ` ${note}` : ''}${left}\n`);
    },
    done() {
      draw?.clear();
      draw?.done();
    },
  };
}
