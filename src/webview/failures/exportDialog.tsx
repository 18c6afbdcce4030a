import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import type { ExportFormat } from './messages';
import type { Model } from './model';
import { formatText } from './texts';

interface ExportProps {
  model: Model;
  open: boolean;
  onClose: () => void;
}

/** Dialog to choose the export format. The editor then asks for the file. */
export function ExportDialog({ model, open, onClose }: ExportProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  const choose = async (format: ExportFormat) => {
    dialog.current?.close();
    const rows = model.shown.length;
    const file = await model.export(format);
    if (file === null) return;
    const message =
      rows === 1
        ? t('1 row was written to {0}.', file)
        : t('{0} rows were written to {1}.', count(rows), file);
    model.notices.showInfo(message, announce);
  };
  const isOfficial = (format: ExportFormat) => format === 'nlvr1' || format === 'nlvr2';
  const partial = model.shown.length < model.rows.count;
  return (
    <dialog ref={dialog} class="export" aria-labelledby="export-title" onClose={onClose}>
      <h2 id="export-title">
        {model.shown.length === 1
          ? t('Export 1 row')
          : t('Export {0} rows', count(model.shown.length))}
      </h2>
      <ul>
        {model.formats.map((format) => {
          const { name, about } = formatText(format);
          return (
            <li key={format}>
              <button class="quiet" onClick={() => void choose(format)}>
                <span>{name}</span>
                <span class="muted">{about}</span>
                {isOfficial(format) && partial && (
                  <span class="warning-text">
                    <Icon name="warning" />{' '}
                    {t(
                      'The official evaluation requires all {0} examples, but the filter excludes some.',
                      count(model.rows.count),
                    )}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      <button onClick={() => dialog.current?.close()}>{t('Cancel')}</button>
    </dialog>
  );
}
