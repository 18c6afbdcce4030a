import { useEffect, useRef, useState } from 'preact/hooks';
import { isTyping } from './keys';
import { t } from './translate';
import { usePanelKeys } from './usePanelKeys';

export interface KeyHelp {
  /** Key names as on the keyboard: `←`, `Shift`, `+`. Alternatives are separate entries. */
  keys: string[];
  description: string;
}

/** Dialog that lists a panel's keys, opened with `?` and closed with Escape. Use it once per page. */
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
            <div key={entry.description}>
              <dt>
                {entry.keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{entry.description}</dd>
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
