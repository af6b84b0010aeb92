/** The engine for components: its state, its methods, and actions whose refusals become words. */
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { ReactNode } from "react";

import { TillRefusal, type TillClient, type TillEngine, type TillState } from "@octonext/engine/api";

import { ApprovalContext } from "./approval/context";
import { useRefusalWords } from "./i18n/refusals";
import { useToast } from "./ui/toast";

const ClientContext = createContext<TillClient | null>(null);

export function EngineProvider({ client, children }: { client: TillClient; children: ReactNode }) {
  return <ClientContext value={client}>{children}</ClientContext>;
}

export function useClient(): TillClient {
  const client = useContext(ClientContext);
  if (client === null) throw new Error("useClient outside of EngineProvider");
  return client;
}

export function useEngine(): TillEngine {
  return useClient().engine;
}

/** The whole state of the till; rendered again whenever the engine tells of a change. */
export function useTill(): TillState {
  const client = useClient();
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client]);
  const read = useCallback(() => client.state(), [client]);
  return useSyncExternalStore(subscribe, read);
}

export interface Money {
  /** Minor units as text, without the currency. */
  currency: string;
  exponent: number;
}

/** The money of this branch; before enrolment there is none and nothing asks. */
export function useMoney(): Money {
  const { identity } = useTill();
  return useMemo(
    () => ({ currency: identity?.currency ?? "KWD", exponent: identity?.exponent ?? 3 }),
    [identity?.currency, identity?.exponent],
  );
}

/** Spread into a request: `engine.openDrawer({ reason, ...approval })`. */
export interface Approved {
  approval?: string;
}

export interface Action {
  /**
   * Calls the engine. A refusal becomes words: a toast, or `refusal` where the screen shows it itself.
   * `approval_required` opens the dialog of the person who may, and the call is repeated with the token.
   * Resolves to null when it was refused or given up.
   */
  run: <T>(call: (approval: Approved) => Promise<T>) => Promise<{ value: T } | null>;
  busy: boolean;
  /** Words of the last refusal; only with `show: "inline"`. */
  refusal: string | null;
  /** The last refusal itself, for a screen that does more than say it. */
  refused: TillRefusal | null;
  clear: () => void;
}

export function useAction(options: { show?: "toast" | "inline" } = {}): Action {
  const show = options.show ?? "toast";
  const words = useRefusalWords();
  const toast = useToast();
  const ask = useContext(ApprovalContext);
  const [running, setRunning] = useState(0);
  const [refused, setRefused] = useState<TillRefusal | null>(null);
  // Only the newest call may say something: an old refusal under a new attempt would mislead.
  const newest = useRef(0);

  const run = useCallback(
    async <T,>(call: (approval: Approved) => Promise<T>): Promise<{ value: T } | null> => {
      const mine = ++newest.current;
      setRunning((count) => count + 1);
      setRefused(null);
      try {
        let approval: Approved = {};
        for (;;) {
          try {
            return { value: await call(approval) };
          } catch (error) {
            const refusal = asRefusal(error);
            const needed = refusal.code === "approval_required" ? refusal.params["permission"] : undefined;
            if (typeof needed === "string") {
              const token = await ask(needed);
              if (token === null) return null;
              approval = { approval: token };
              continue;
            }
            if (show === "toast") toast({ kind: "error", text: words(refusal) });
            else if (mine === newest.current) setRefused(refusal);
            return null;
          }
        }
      } finally {
        setRunning((count) => count - 1);
      }
    },
    [ask, show, toast, words],
  );
  const clear = useCallback(() => {
    setRefused(null);
  }, []);
  return useMemo(
    () => ({ run, busy: running > 0, refused, refusal: refused === null ? null : words(refused), clear }),
    [run, running, refused, words, clear],
  );
}

/** A fault of ours is a refusal as well: a cashier gets words and goes on. */
export function asRefusal(error: unknown): TillRefusal {
  if (error instanceof TillRefusal) return error;
  return new TillRefusal("internal", { detail: error instanceof Error ? error.message : String(error) });
}
