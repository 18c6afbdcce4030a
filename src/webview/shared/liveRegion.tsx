import { useEffect, useState } from 'preact/hooks';

type Listener = (text: string) => void;
let listener: Listener | undefined;

/** Has a screen reader say something, politely. Needs a `<LiveRegion />` on the page. */
export function announce(text: string): void {
  listener?.(text);
}

/** Where `announce` puts its words; invisible. One a page. */
export function LiveRegion() {
  const [said, setSaid] = useState({ text: '', times: 0 });
  useEffect(() => {
    listener = (text) => setSaid(({ times }) => ({ text, times: times + 1 }));
    return () => {
      listener = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {/* A new element each time: the same words said twice are two messages. */}
      <span key={said.times}>{said.text}</span>
    </div>
  );
}
