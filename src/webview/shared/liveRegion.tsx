import { useEffect, useState } from 'preact/hooks';

type Listener = (text: string) => void;
let listener: Listener | undefined;

/** Has a screen reader say something, politely. Needs a `<LiveRegion />` on the page. */
export function announce(text: string): void {
  listener?.(text);
}

/** Where `announce` puts its words; invisible. One a page. */
export function LiveRegion() {
  const [text, setText] = useState('');
  useEffect(() => {
    listener = setText;
    return () => {
      listener = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
