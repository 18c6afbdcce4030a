import { useEffect, useRef, useState } from 'preact/hooks';
import { isTyping } from './keys';
import { t } from './translate';
import { usePanelKeys } from './usePanelKeys';

export interface KeyHelp {
  /** As on the keyboard: `←`, `Shift`, `+`; alternatives are entries of their own. */
  keys: string[];
  does: string;
}

/** The list of a panel's keys, opened by `?` and closed by Escape. One a page. */
export function KeysHelp({ keys, openByButton }: { keys: KeyHelp[]; openByButton?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  usePanelKeys((event) => {
    if (event.key !== '?' || isTyping(event.target)) return false;
    setOpen(true);
    return true;
  });
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  return (
    <>
      {openByButton === true && (
        <button class="quiet keys-button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          <kbd>?</kbd> {t('Keys')}
        </button>
      )}
      <dialog
        ref={dialog}
        class="keys-help"
        aria-label={t('Keys')}
        onClose={() => setOpen(false)}
        onClick={(event) => {
          if (event.target === dialog.current) dialog.current?.close();
        }}
      >
        <h2>{t('Keys')}</h2>
        <dl>
          {keys.map((entry) => (
            <div key={entry.does}>
              <dt>
                {entry.keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{entry.does}</dd>
            </div>
          ))}
        </dl>
        <button class="primary" onClick={() => dialog.current?.close()}>
          {t('Close')}
        </button>
      </dialog>
    </>
  );
}
