import { t } from '../shared/translate';
import { useDashboard } from './context';
import type { Curve } from './curve';
import { legendEntries, type LegendEntry } from './legendEntries';

/** Legend of a chart; a click hides or shows a curve. */
export function Legend({ curves }: { curves: readonly Curve[] }) {
  const { store } = useDashboard();
  const entries = legendEntries(curves);
  if (entries.length === 0) return null;
  return (
    <div class="legend" role="group" aria-label={t('Curves')}>
      {entries.map((entry) => (
        <button
          key={entry.id}
          class="quiet legend-entry"
          aria-pressed={!store.view.hidden.includes(entry.id)}
          onClick={() => store.toggle('hidden', entry.id)}
        >
          <Swatch look={entry.style} />
          {entry.label}
        </button>
      ))}
    </div>
  );
}

const markers = {
  none: '',
  circle: 'M12 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  triangle: 'M12 2.5l3.5 6h-7z',
  rect: 'M9 3h6v6H9z',
  rectRot: 'M12 2l4 4-4 4-4-4z',
};

/** Sample of a curve: color, dashes and marker. */
export function Swatch({ look: style }: { look: LegendEntry['style'] }) {
  const color = style.color === null ? 'series-any' : `series-${style.color % 6}`;
  const faintClass = style.smoothedCurve === undefined ? '' : 'swatch-faint';
  return (
    <svg class={`swatch ${color} ${faintClass}`} viewBox="0 0 24 12" aria-hidden="true">
      <path class="swatch-line" d="M0 6h24" stroke-dasharray={style.dash.join(' ')} />
      {style.marker !== 'none' && <path class="swatch-marker" d={markers[style.marker]} />}
    </svg>
  );
}
