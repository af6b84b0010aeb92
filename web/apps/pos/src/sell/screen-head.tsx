/** The head of a screen beside the cart: the way back, a name that gets the focus, and its actions. */
import { useEffect, useRef, type ReactNode } from "react";

import { useWords } from "../i18n";
import { IconButton, useShortcuts } from "../ui";
import { BackIcon } from "../ui/icons";

export interface ScreenHeadProps {
  title: string;
  onBack: () => void;
  backLabel?: string;
  backDisabled?: boolean;
  children?: ReactNode;
}

export function ScreenHead({ title, onBack, backLabel, backDisabled = false, children }: ScreenHeadProps) {
  const t = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  const label = backLabel ?? t("common.back");
  useEffect(() => {
    // Unless a field of the screen asked for it: a screen reader starts at the name of the screen.
    const at = document.activeElement;
    const within = heading.current?.closest(".screen")?.contains(at) === true;
    if (!within) heading.current?.focus({ preventScroll: true });
  }, []);
  useShortcuts([{ keys: "Escape", label, run: onBack, disabled: backDisabled }]);
  return (
    <header className="screen__head">
      <IconButton label={label} shortcut="Esc" icon={<BackIcon />} onClick={onBack} disabled={backDisabled} />
      <h1 className="screen__title" tabIndex={-1} ref={heading}>
        {title}
      </h1>
      {children}
    </header>
  );
}
