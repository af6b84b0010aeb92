/** A modal dialog: named by its title, keeps the focus within, closes on Escape, gives the focus back. */
import {
  createContext,
  useContext,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
} from "react";
import { createPortal } from "react-dom";

import { useWords } from "../i18n";
import { IconButton } from "./button";
import { CloseIcon } from "./icons";

/** How many dialogs are around a component; shortcuts work on the topmost layer only. */
export const LayerContext = createContext(0);

const FOCUSABLE =
  'a[href],button:not(:disabled),input:not(:disabled),select:not(:disabled),textarea:not(:disabled),[tabindex]:not([tabindex="-1"])';

/** Open dialogs, the topmost last. */
const open: symbol[] = [];

export function openDialogs(): number {
  return open.length;
}

function changed(): void {
  // The page behind is out of reach for the keyboard and for screen readers.
  document.getElementById("app")?.toggleAttribute("inert", open.length > 0);
  // One that is being closed is still among them, behind those that are open.
  const veils = [...(document.getElementById("dialogs")?.children ?? [])];
  veils.forEach((veil, at) => veil.toggleAttribute("inert", at < open.length - 1));
}

export interface DialogProps {
  title: string;
  /** Escape, the cross, and a touch beside it; without it the dialog must be answered. */
  onClose?: () => void;
  width?: "small" | "medium" | "large";
  footer?: ReactNode;
  /** Submits with Enter; the dialog is a form then. */
  onSubmit?: () => void;
  /** Only text, that may be longer than the screen: the keyboard can scroll it. */
  reading?: boolean;
  children: ReactNode;
  testId?: string;
}

export function Dialog(props: DialogProps) {
  const { title, onClose, width = "medium", footer, onSubmit, reading = false, children, testId } = props;
  const t = useWords();
  const titleId = useId();
  const panel = useRef<HTMLDivElement>(null);
  const layer = useContext(LayerContext) + 1;
  // Taken before a field of the dialog takes the focus.
  const [before] = useState(() => document.activeElement);

  // A layout effect: a key pressed as soon as the dialog is gone from the screen is the page's again.
  useLayoutEffect(() => {
    const mine = Symbol(title);
    open.push(mine);
    changed();
    const element = panel.current;
    // A field that asked for the focus has it already; else the first control of the body.
    if (element !== null && !element.contains(document.activeElement)) {
      const wanted =
        element.querySelector<HTMLElement>("[data-autofocus]") ?? controls(element)[1] ?? element;
      wanted.focus();
    }
    return () => {
      open.splice(open.indexOf(mine), 1);
      changed();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
    // The title may change while it is open; the focus must not move then.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    // A dialog within this one is no child in the page but is one for React.
    if (!(event.target instanceof Node) || panel.current?.contains(event.target) !== true) return;
    if (event.key === "Escape" && onClose !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
    if (event.key === "Tab") keepWithin(event, panel.current);
  };

  const inner = (
    <>
      <div className="dialog__head">
        <h2 id={titleId} className="dialog__title">
          {title}
        </h2>
        {onClose !== undefined && (
          <IconButton label={t("common.close")} icon={<CloseIcon />} onClick={onClose} />
        )}
      </div>
      <div
        className="dialog__body"
        {...(reading ? { tabIndex: 0, role: "region", "aria-labelledby": titleId } : {})}
      >
        {children}
      </div>
      {footer !== undefined && <div className="dialog__foot">{footer}</div>}
    </>
  );
  const host = document.getElementById("dialogs") ?? document.body;
  return createPortal(
    <LayerContext value={layer}>
      <div className="dialog__veil">
        {onClose !== undefined && (
          // For fingers only: the keyboard has Escape and the cross.
          <div className="dialog__beside" aria-hidden="true" onPointerDown={onClose} />
        )}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys bubble to a dialog */}
        <div
          ref={panel}
          role="dialog"
          aria-modal="true"
          aria-labelledby={titleId}
          tabIndex={-1}
          className={`dialog dialog--${width}`}
          data-testid={testId}
          onKeyDown={onKeyDown}
        >
          {onSubmit === undefined ? (
            inner
          ) : (
            <form
              className="dialog__form"
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                event.stopPropagation();
                onSubmit();
              }}
            >
              {inner}
            </form>
          )}
        </div>
      </div>
    </LayerContext>,
    host,
  );
}

function controls(within: HTMLElement): HTMLElement[] {
  return [...within.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((each) => each.tabIndex >= 0);
}

function keepWithin(event: KeyboardEvent, panel: HTMLElement): void {
  const all = controls(panel);
  const first = all[0];
  const last = all.at(-1);
  if (first === undefined || last === undefined) return;
  const at = document.activeElement;
  if (event.shiftKey ? at === first || at === panel : at === last) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}
