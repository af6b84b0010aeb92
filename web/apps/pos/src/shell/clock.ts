/** The time for texts such as "5 min ago", renewed now and then. */
import { useEffect, useState } from "react";

const RENEWED_EVERY_MS = 10_000;

export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, RENEWED_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}
