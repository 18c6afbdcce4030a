/** Line icons in the style of VS Code's codicons, 16 × 16, in the color of the text. */

const paths = {
  check: 'M3 8.5l3.2 3.2L13 4.8',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.2L14.4 13.5H1.6zM8 6.5v3.2M8 11.6v.4',
  error: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.2v4M8 4.8v.4',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  stop: 'M4 4h8v8H4z',
  add: 'M8 3v10M3 8h10',
  chevron: 'M6 3.5L10.5 8 6 12.5',
  reset: 'M3.2 6.5A5.2 5.2 0 1 1 2.9 9M3 3v3.6h3.6',
  copy: 'M6 5.5h7v8H6zM10 5.5v-3H3v8h3',
  save: 'M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.3h10',
  axis: 'M3.5 2v11.5H14M1.8 4.2L3.5 2l1.7 2.2M6.5 10.5l2.3-3.2 2 1.6 2.7-4',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6',
  keyboard: 'M1.5 4.5h13v7.5h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M4.5 9.7h7',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3.3 3.3',
  swap: 'M2.5 5.5h10M9.8 2.8l2.7 2.7-2.7 2.7M13.5 10.5h-10M6.2 7.8l-2.7 2.7 2.7 2.7',
  pin: 'M9.6 2.4l4 4-2.4.8-2 2-.3 3-5.1-5.1 3-.3 2-2zM6.2 9.8l-3.7 3.7',
  flag: 'M4 14V2.5h8.2L10 5.8l2.2 3.4H4',
  edit: 'M3 13l.7-3L10.9 2.8l2.3 2.3L6 12.3z',
  grid: 'M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z',
  up: 'M8 13V3.5M4 7.5l4-4 4 4',
  down: 'M8 3v9.5M4 8.5l4 4 4-4',
} as const;

export type IconName = keyof typeof paths;

/** Decorative icon. Its meaning must be in the text next to it or in the label of its button. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
