/** New versions of the app: found in the background, applied only when no sale can be touched by it. */
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";

import { useTill } from "../engine";

/** How often a page that stays open for days looks for a new version. */
const LOOK_EVERY_MS = 30 * 60_000;
/** A locked till is left alone while somebody types a PIN. */
const UNTOUCHED_MS = 15_000;

export interface Update {
  /** A new version is on the device and waits. */
  waiting: boolean;
  /** It may be applied: the cart is empty and nothing is being written. */
  possible: boolean;
  apply: () => void;
}

const Context = createContext<Update>({ waiting: false, possible: false, apply: () => undefined });

export function useUpdate(): Update {
  return useContext(Context);
}

export function UpdateProvider({ children }: { children: ReactNode }) {
  const { idle, phase } = useTill("idle", "phase");
  const waiting = useWaitingWorker();
  const asked = useRef(false);
  const unused = phase === "locked" || phase === "unenrolled" || phase === "revoked";

  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    const onChange = () => {
      // Another window that only looks on has nothing to lose, and its old files are gone now.
      if (asked.current || phase === "elsewhere") location.reload();
    };
    navigator.serviceWorker.addEventListener("controllerchange", onChange);
    return () => {
      navigator.serviceWorker.removeEventListener("controllerchange", onChange);
    };
  }, [phase]);

  const apply = useCallback(() => {
    if (waiting === null || !idle) return;
    asked.current = true;
    waiting.postMessage("apply-update");
  }, [waiting, idle]);

  useEffect(() => {
    if (waiting === null || !idle || !unused) return;
    let timer = setTimeout(apply, UNTOUCHED_MS);
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(apply, UNTOUCHED_MS);
    };
    window.addEventListener("pointerdown", again);
    window.addEventListener("keydown", again);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pointerdown", again);
      window.removeEventListener("keydown", again);
    };
  }, [waiting, idle, unused, apply]);

  const update = useMemo(
    () => ({ waiting: waiting !== null, possible: idle, apply }),
    [waiting, idle, apply],
  );
  return <Context value={update}>{children}</Context>;
}

function useWaitingWorker(): ServiceWorker | null {
  const [waiting, setWaiting] = useState<ServiceWorker | null>(null);
  useEffect(() => {
    if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
    let stopped = false;
    let timer: ReturnType<typeof setInterval> | undefined;
    const watch = (registration: ServiceWorkerRegistration) => {
      const settle = () => {
        // Without a controller it is the first installation, which replaces nothing.
        if (!stopped) setWaiting(navigator.serviceWorker.controller === null ? null : registration.waiting);
      };
      settle();
      registration.addEventListener("updatefound", () => {
        registration.installing?.addEventListener("statechange", settle);
      });
      timer = setInterval(() => {
        // Offline it fails, which is no news to anybody.
        registration.update().catch(() => undefined);
      }, LOOK_EVERY_MS);
    };
    navigator.serviceWorker
      .register(`${import.meta.env.BASE_URL}service-worker.js`, {
        scope: import.meta.env.BASE_URL,
        updateViaCache: "none",
      })
      .then((registration) => {
        if (!stopped) watch(registration);
      })
      // A browser that forbids it still sells, as long as the page is open.
      .catch(() => undefined);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, []);
  return waiting;
}
