/** What a screen draws one frame after the rest of it: on a slow tablet the words that matter come first. */
import { useEffect, useState } from "react";

/** A page that nobody sees has no frames; what it draws later is drawn after so long. */
const WITHOUT_FRAME_MS = 250;

/** Calls once a frame with what stands in the document now is on the screen. Returns what calls it off. */
export function afterFrame(call: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  const end = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    port1.close();
  };
  const now = () => {
    end();
    call();
  };
  port1.onmessage = now;
  // A frame's callbacks run before it is drawn: the task behind them comes after it.
  const frame = requestAnimationFrame(() => {
    port2.postMessage(null);
  });
  const timer = setTimeout(now, WITHOUT_FRAME_MS);
  return end;
}

/** False in the first rendering of a component; true once that is on the screen. */
export function useLater(): boolean {
  const [later, setLater] = useState(false);
  useEffect(
    () =>
      afterFrame(() => {
        setLater(true);
      }),
    [],
  );
  return later;
}
