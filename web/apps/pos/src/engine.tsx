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

/**
 * Parts of the till's state; rendered again only when the engine tells of a change in one of these. A scan changes
 * none of what most components show, and a slow tablet feels each component that is drawn for nothing.
 */
export function useTill<Part extends keyof TillState>(...parts: Part[]): Pick<TillState, Part> {
  const client = useClient();
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client]);
  const names = parts.join(" ");
  const read = useMemo(() => reading(client, names.split(" ") as Part[]), [client, names]);
  return useSyncExternalStore(subscribe, read);
}

/** Gives the same state as before until one of these parts is another. */
function reading(client: TillClient, parts: readonly (keyof TillState)[]): () => TillState {
  let shown = client.state();
  return () => {
    const state = client.state();
    // A part that did not change is the same object, whatever else was told.
    if (parts.some((part) => state[part] !== shown[part])) shown = state;
    return shown;
  };
}

export interface Money {
  /** Minor units as text, without the currency. */
  currency: string;
  exponent: number;
}

/** The money of this branch; before enrolment there is none and nothing asks. */
export function useMoney(): Money {
  const { identity } = useTill("identity");
  return useMemo(
    () => ({ currency: identity?.currency ?? "KWD", exponent: identity?.exponent ?? 3 }),
    [identity?.currency, identity?.exponent],
  );
}

/** Spread into a request: `engine.openDrawer({ reason, ...approval })`. */
export interface Approved {
  approval?: string;
}

export type Run = <T>(call: (approval: Approved) => Promise<T>) => Promise<{ value: T } | null>;

export interface Action {
  /**
   * Calls the engine. A refusal becomes words: a toast, or `refusal` where the screen shows it itself.
   * `approval_required` opens the dialog of the person who may, and the call is repeated with the token.
   * Resolves to null when it was refused or given up.
   */
  run: Run;
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
  const attempt = useAttempt();
  const [running, setRunning] = useState(0);
  const [refused, setRefused] = useState<TillRefusal | null>(null);
  // Only the newest call may say something: an old refusal under a new attempt would mislead.
  const newest = useRef(0);

  const run: Run = useCallback(
    async (call) => {
      const mine = ++newest.current;
      setRunning((count) => count + 1);
      setRefused(null);
      try {
        return await attempt(call, (refusal) => {
          if (show === "toast") toast({ kind: "error", text: words(refusal) });
          else if (mine === newest.current) setRefused(refusal);
        });
      } finally {
        setRunning((count) => count - 1);
      }
    },
    [attempt, show, toast, words],
  );
  const clear = useCallback(() => {
    setRefused(null);
  }, []);
  return useMemo(
    () => ({ run, busy: running > 0, refused, refusal: refused === null ? null : words(refused), clear }),
    [run, running, refused, words, clear],
  );
}

/** `run` of an action whose refusals become toasts, for who shows nothing while it runs: it draws nothing again. */
export function useRun(): Run {
  const words = useRefusalWords();
  const toast = useToast();
  const attempt = useAttempt();
  return useCallback(
    (call) =>
      attempt(call, (refusal) => {
        toast({ kind: "error", text: words(refusal) });
      }),
    [attempt, toast, words],
  );
}

/** Calls the engine, and once more with the word of somebody who may. Null when it was refused or given up. */
function useAttempt() {
  const ask = useContext(ApprovalContext);
  return useCallback(
    async <T,>(
      call: (approval: Approved) => Promise<T>,
      refuse: (refusal: TillRefusal) => void,
    ): Promise<{ value: T } | null> => {
      let approval: Approved = {};
      for (;;) {
        try {
          return { value: await call(approval) };
        } catch (error) {
          const refusal = asRefusal(error);
          const needed = refusal.code === "approval_required" ? refusal.params["permission"] : undefined;
          const token = typeof needed === "string" ? await ask(needed) : null;
          if (token === null) {
            if (typeof needed !== "string") refuse(refusal);
            return null;
          }
          approval = { approval: token };
        }
      }
    },
    [ask],
  );
}

/** A fault of ours is a refusal as well: a cashier gets words and goes on. */
export function asRefusal(error: unknown): TillRefusal {
  if (error instanceof TillRefusal) return error;
  return new TillRefusal("internal", { detail: error instanceof Error ? error.message : String(error) });
}
