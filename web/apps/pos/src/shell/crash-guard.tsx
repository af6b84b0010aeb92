/** A fault in a screen ends that screen only: the engine's worker and its journal are untouched. */
import { Component, type ReactNode } from "react";

import { useWords } from "../i18n";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";

interface State {
  fault: string | null;
}

export class CrashGuard extends Component<{ children: ReactNode }, State> {
  override state: State = { fault: null };

  static getDerivedStateFromError(error: unknown): State {
    return { fault: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }

  override render(): ReactNode {
    return this.state.fault === null ? this.props.children : <Crashed fault={this.state.fault} />;
  }
}

function Crashed({ fault }: { fault: string }) {
  const t = useWords();
  return (
    <main className="front__card">
      <h1>{t("crash.title")}</h1>
      <p>{t("crash.text")}</p>
      <Notice kind="error">
        <code className="latin">{fault}</code>
      </Notice>
      <Button
        kind="primary"
        onClick={() => {
          location.reload();
        }}
      >
        {t("crash.reload")}
      </Button>
    </main>
  );
}
