import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

const SHOWN_MS = 2000;

/** Hint that is shown for a short time on request. */
export function useHint(): [shown: boolean, show: (visible: boolean) => void] {
  const [shown, setShown] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const show = useCallback((wanted: boolean) => {
    clearTimeout(timer.current);
    setShown(wanted);
    if (wanted) timer.current = setTimeout(() => setShown(false), SHOWN_MS);
  }, []);
  return [shown, show];
}
