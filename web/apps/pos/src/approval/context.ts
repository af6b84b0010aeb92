/** How an action asks for somebody's approval; the dialog itself is loaded when first needed. */
import { createContext } from "react";

/** Resolves to the token of an approval, or null when the dialog was closed. */
export type AskApproval = (permission: string) => Promise<string | null>;

export const ApprovalContext = createContext<AskApproval>(() => Promise.resolve(null));
