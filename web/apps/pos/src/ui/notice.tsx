/** A sentence that matters, within a screen. */
import type { ReactNode } from "react";

import { InfoIcon, WarningIcon } from "./icons";

export interface NoticeProps {
  kind?: "info" | "warning" | "error";
  children: ReactNode;
  action?: ReactNode;
  /** Read out when it appears. */
  live?: boolean;
}

export function Notice({ kind = "info", children, action, live = kind === "error" }: NoticeProps) {
  return (
    <div className={`notice notice--${kind}`} role={live ? "alert" : undefined}>
      {kind === "info" ? <InfoIcon /> : <WarningIcon />}
      <div className="notice__text">{children}</div>
      {action}
    </div>
  );
}

export function Spinner({ label }: { label: string }) {
  return (
    <div className="spinner" role="status">
      <span className="spinner__wheel" aria-hidden="true" />
      <span>{label}</span>
    </div>
  );
}
