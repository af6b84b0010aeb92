/** Opens the approval dialog for whoever asks, one at a time. */
import { lazy, Suspense, useCallback, useState, type ReactNode } from "react";

import { ApprovalContext } from "./context";

const ApprovalDialog = lazy(() =>
  import("./approval-dialog").then((module) => ({ default: module.ApprovalDialog })),
);

interface Asked {
  permission: string;
  answer: (token: string | null) => void;
}

export function ApprovalProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked[]>([]);
  const ask = useCallback(
    (permission: string) =>
      new Promise<string | null>((resolve) => {
        setAsked((before) => [...before, { permission, answer: resolve }]);
      }),
    [],
  );
  const current = asked[0];
  return (
    <ApprovalContext value={ask}>
      {children}
      {current !== undefined && (
        <Suspense fallback={null}>
          <ApprovalDialog
            permission={current.permission}
            onAnswer={(token) => {
              setAsked((before) => before.slice(1));
              current.answer(token);
            }}
          />
        </Suspense>
      )}
    </ApprovalContext>
  );
}
