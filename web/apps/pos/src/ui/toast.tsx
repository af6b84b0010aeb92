/** Short messages at the edge: said to screen readers, gone by themselves, errors stay longer. */
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { useWords } from "../i18n";
import { IconButton } from "./button";
import { CheckIcon, CloseIcon, InfoIcon, WarningIcon } from "./icons";

export interface Toast {
  kind: "done" | "info" | "error";
  text: string;
}

const SHOWN_MS: Readonly<Record<Toast["kind"], number>> = { done: 3000, info: 5000, error: 9000 };
/** More than these would cover the cart. */
const SHOWN_AT_ONCE = 3;

const Context = createContext<(toast: Toast) => void>(() => undefined);

export function useToast(): (toast: Toast) => void {
  return useContext(Context);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useWords();
  const [shown, setShown] = useState<(Toast & { id: number })[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number) => {
    setShown((all) => all.filter((each) => each.id !== id));
  }, []);
  const show = useCallback(
    (toast: Toast) => {
      const id = next.current++;
      setShown((all) =>
        [...all.filter((each) => each.text !== toast.text), { ...toast, id }].slice(-SHOWN_AT_ONCE),
      );
      setTimeout(() => {
        drop(id);
      }, SHOWN_MS[toast.kind]);
    },
    [drop],
  );
  const icons = useMemo(() => ({ done: <CheckIcon />, info: <InfoIcon />, error: <WarningIcon /> }), []);
  return (
    <Context value={show}>
      {children}
      {createPortal(
        // Both regions stand from the start: a region that comes with its text is often not read out.
        <div className="toasts">
          {(["status", "alert"] as const).map((role) => (
            <div key={role} role={role} className="toasts__region">
              {shown
                .filter((toast) => (toast.kind === "error") === (role === "alert"))
                .map((toast) => (
                  <div key={toast.id} className={`toast toast--${toast.kind}`}>
                    {icons[toast.kind]}
                    <span className="toast__text">{toast.text}</span>
                    <IconButton
                      label={t("common.dismiss")}
                      icon={<CloseIcon size={20} />}
                      onClick={() => {
                        drop(toast.id);
                      }}
                    />
                  </div>
                ))}
            </div>
          ))}
        </div>,
        document.getElementById("toasts") ?? document.body,
      )}
    </Context>
  );
}
