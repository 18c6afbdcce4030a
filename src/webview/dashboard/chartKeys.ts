import type { Range } from './range';
import { pannedY, zoomedY, type YAxis } from './yAxis';

type Command =
  | { range: [number, number] | null }
  | { yRange: [number, number] }
  | { cursor: number | null }
  | { all: true };

/** Returns the command of a key in a chart; null for other keys. */
export function keyCommand(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  range: Range,
  full: Range,
  cursor: number | null,
  y: YAxis,
): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const [from, to] = range;
  const width = to - from;
  const middle = cursor ?? (from + to) / 2;
  const within = (start: number, size: number): { range: [number, number] } => {
    const length = Math.min(size, full[1] - full[0]);
    const first = Math.min(Math.max(start, full[0]), full[1] - length);
    return { range: [first, first + length] };
  };
  const zoom = (factor: number) => within(middle - (middle - from) * factor, width * factor);
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight': {
      const way = event.key === 'ArrowLeft' ? -1 : 1;
      if (event.shiftKey) return within(from + way * 0.2 * width, width);
      const start = cursor ?? (way > 0 ? from : to);
      return { cursor: Math.min(Math.max(start + (way * width) / 50, from), to) };
    }
    case 'ArrowUp':
      return { yRange: event.shiftKey ? pannedY(y, 0.2) : zoomedY(y, 0.5) };
    case 'ArrowDown':
      return { yRange: event.shiftKey ? pannedY(y, -0.2) : zoomedY(y, 2) };
    case '+':
    case '=':
      return zoom(0.5);
    case '-':
      return width * 2 >= full[1] - full[0] ? { range: null } : zoom(2);
    case '0':
    case 'Home':
      return { all: true };
    case 'Escape':
      return cursor === null ? null : { cursor: null };
    default:
      return null;
  }
}
