import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { count, stepTime } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Rank } from './messages';
import { rankRows } from './rankRows';
import type { RunData } from './runData';

/** Button with the number of processes that share the training; opens a table of them. */
export function RanksButton({ run, ranks }: { run: RunData; ranks: readonly Rank[] }) {
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  return (
    <>
      <button class="ranks-button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {t('{0} Ranks', count(ranks.length))}
      </button>
      <dialog
        ref={dialog}
        class="ranks"
        aria-labelledby={heading}
        onClose={() => setOpen(false)}
        onClick={(event) => {
          if (event.target === dialog.current) dialog.current?.close();
        }}
      >
        <h2 id={heading}>{t('Ranks')}</h2>
        {open && <RanksTable run={run} ranks={ranks} />}
        <button class="primary" onClick={() => dialog.current?.close()}>
          {t('Close')}
        </button>
      </dialog>
    </>
  );
}

function RanksTable({ run, ranks }: { run: RunData; ranks: readonly Rank[] }) {
  return (
    <div class="table-box" role="group" tabIndex={0} aria-label={t('Ranks')}>
      <table class="number">
        <thead>
          <tr>
            <th scope="col">{t('Rank')}</th>
            <th scope="col">{t('Host')}</th>
            <th scope="col">{t('Process')}</th>
            <th scope="col">{t('Local rank')}</th>
            <th scope="col">{t('State')}</th>
            <th scope="col">{t('Last step')}</th>
          </tr>
        </thead>
        <tbody>
          {rankRows(run, ranks).map(({ rank, host, pid, localRank, stateText, seconds }) => (
            <tr key={rank}>
              <th scope="row">{rank}</th>
              <td>{host}</td>
              <td>{pid}</td>
              <td>{localRank}</td>
              <td>{stateText}</td>
              <td>{stepTime(seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
