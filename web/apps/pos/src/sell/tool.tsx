/** A button with its name under its icon: many of them fit in a row, and none has to be guessed. */
import type { ReactNode } from "react";

export interface ToolProps {
  label: string;
  icon: ReactNode;
  keys?: string;
  badge?: number;
  disabled?: boolean;
  danger?: boolean;
  /** Names what it is for, where the label alone does not. */
  name?: string;
  onClick: () => void;
}

export function Tool({
  label,
  icon,
  keys,
  badge = 0,
  disabled = false,
  danger = false,
  name,
  onClick,
}: ToolProps) {
  return (
    <button
      type="button"
      className={danger ? "tool tool--danger" : "tool"}
      disabled={disabled}
      aria-label={name}
      aria-keyshortcuts={keys}
      title={keys === undefined ? label : `${label} (${keys})`}
      onClick={onClick}
    >
      {icon}
      {badge > 0 && (
        <span className="tool__badge" aria-hidden="true">
          {badge}
        </span>
      )}
      <span className="tool__label">{label}</span>
    </button>
  );
}
