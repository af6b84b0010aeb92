/** Keys that do what a button does. They are known in one place, so that the help can list them. */
import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
  type ReactNode,
} from "react";

import { LayerContext, openDialogs } from "./dialog";

export interface Shortcut {
  /** `F2`, `Ctrl+K`, `Escape`: modifiers in the order Ctrl, Alt, Shift. */
  keys: string;
  label: string;
  run: () => void;
  /** Works, but is not worth a line in the help. */
  unlisted?: boolean;
  disabled?: boolean;
}

interface Entry {
  layer: number;
  shortcuts: readonly Shortcut[];
}

class Registry {
  private entries: Entry[] = [];
  private listed: Shortcut[] = [];
  private readonly listeners = new Set<() => void>();

  add(entry: Entry): () => void {
    this.entries = [...this.entries, entry];
    this.tell();
    return () => {
      this.entries = this.entries.filter((each) => each !== entry);
      this.tell();
    };
  }

  /** The newest entry of the topmost layer decides. */
  find(keys: string): Shortcut | undefined {
    const here = this.entries.filter((each) => each.layer === openDialogs());
    return here
      .reverse()
      .flatMap((each) => each.shortcuts)
      .find((each) => each.keys === keys && each.disabled !== true);
  }

  /** Those of the page itself, for the help. */
  readonly all = (): Shortcut[] => this.listed;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private tell(): void {
    this.listed = this.entries
      .filter((each) => each.layer === 0)
      .flatMap((each) => each.shortcuts)
      .filter((each) => each.unlisted !== true);
    for (const listener of this.listeners) listener();
  }
}

const Context = createContext(new Registry());

export function keysOf(event: globalThis.KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  return [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", key]
    .filter(Boolean)
    .join("+");
}

export function ShortcutProvider({ children }: { children: ReactNode }) {
  const registry = useMemo(() => new Registry(), []);
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const shortcut = registry.find(keysOf(event));
      if (shortcut === undefined) return;
      event.preventDefault();
      shortcut.run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
    };
  }, [registry]);
  return <Context value={registry}>{children}</Context>;
}

/** While the component is there. Plain letters are never shortcuts: a scanner types them. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const registry = useContext(Context);
  const layer = useContext(LayerContext);
  const newest = useRef(shortcuts);
  // Layout effects: a key pressed as soon as a line stands on the screen finds what that line made possible.
  useLayoutEffect(() => {
    newest.current = shortcuts;
  });
  const shape = shortcuts.map((each) => `${each.keys}\n${each.label}\n${each.disabled ?? false}`).join("\n");
  useLayoutEffect(
    () =>
      registry.add({
        layer,
        shortcuts: newest.current.map((each, at) => ({
          ...each,
          run: () => {
            newest.current[at]?.run();
          },
        })),
      }),
    // The functions may be new at every rendering; what they are for is not.
    [registry, layer, shape],
  );
}

export function useListedShortcuts(): Shortcut[] {
  const registry = useContext(Context);
  return useSyncExternalStore(registry.subscribe, registry.all);
}
