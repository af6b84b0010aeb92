/** A list to pick from: arrows, Home, End and typing the choice; Enter or a touch picks. */
import { useId, useRef, type KeyboardEvent, type ReactNode } from "react";

export interface ListBoxProps<T> {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  /** The key of the item that the arrows are on. */
  active: string | null;
  onActive: (key: string) => void;
  onPick: (item: T) => void;
  children: (item: T, active: boolean) => ReactNode;
  empty?: ReactNode;
  className?: string;
}

export function ListBox<T>(props: ListBoxProps<T>) {
  const { label, items, keyOf, active, onActive, onPick, children, empty, className } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const at = items.findIndex((item) => keyOf(item) === active);

  const go = (to: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, to))];
    if (item === undefined) return;
    onActive(keyOf(item));
    const element = list.current?.children[items.indexOf(item)];
    // jsdom has no layout and no such method.
    if (element instanceof HTMLElement && "scrollIntoView" in element)
      element.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: items.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      go(to);
    }
    const item = items[at];
    if ((event.key === "Enter" || event.key === " ") && item !== undefined) {
      event.preventDefault();
      onPick(item);
    }
  };
  if (items.length === 0 && empty !== undefined) return <div className="list-box__empty">{empty}</div>;
  return (
    <div
      ref={list}
      role="listbox"
      aria-label={label}
      aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
      tabIndex={0}
      className={["list-box", className].filter(Boolean).join(" ")}
      onKeyDown={onKeyDown}
      onFocus={() => {
        if (at < 0) go(0);
      }}
    >
      {items.map((item, index) => (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the list has the keys
        <div
          key={keyOf(item)}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          className="list-box__item"
          onClick={() => {
            onActive(keyOf(item));
            onPick(item);
          }}
        >
          {children(item, index === at)}
        </div>
      ))}
    </div>
  );
}
