/** Buttons: at least 48 px, named, and honest about being busy. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> {
  kind?: "primary" | "secondary" | "quiet" | "danger";
  size?: "normal" | "large";
  icon?: ReactNode;
  /** A key that does the same, shown in the corner. */
  shortcut?: string;
  /** Work goes on: the button stays focused but does nothing. */
  busy?: boolean;
  type?: "button" | "submit";
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  kind = "secondary",
  size = "normal",
  icon,
  shortcut,
  busy = false,
  type = "button",
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={["button", `button--${kind}`, `button--${size}`, className].filter(Boolean).join(" ")}
      // `disabled` would lose the focus that a keyboard user needs afterwards.
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-keyshortcuts={shortcut}
      onClick={
        busy
          ? (event) => {
              event.preventDefault();
            }
          : onClick
      }
      {...rest}
    >
      {icon !== undefined && <span className="button__icon">{icon}</span>}
      <span className="button__text">{children}</span>
      {shortcut !== undefined && (
        <kbd className="button__key" aria-hidden="true">
          {shortcut}
        </kbd>
      )}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  /** What it does, for those who do not see the icon, and as a tooltip. */
  label: string;
  icon: ReactNode;
}

export function IconButton({
  label,
  icon,
  kind = "quiet",
  className,
  busy = false,
  onClick,
  shortcut,
  size: _size,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      className={["button", "button--icon", `button--${kind}`, className].filter(Boolean).join(" ")}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      title={shortcut === undefined ? label : `${label} (${shortcut})`}
      aria-disabled={busy || undefined}
      onClick={busy ? undefined : onClick}
      {...rest}
    >
      {icon}
    </button>
  );
}
