/** The bar above the work: where this is, how the connection stands, who works, and the way out. */
import { lazy, Suspense, useState } from "react";

import { useEngine, useRun, useTill } from "../engine";
import { useName, useWords } from "../i18n";
import { lastPerson } from "../sign-in/last-person";
import { SyncBadge } from "../status/badge";
import { Button, IconButton } from "../ui/button";
import { LockIcon, MenuIcon, PersonIcon } from "../ui/icons";
import { useShortcuts } from "../ui/shortcuts";
import { Brand } from "./brand";

const MenuDialog = lazy(() => import("./menu").then((module) => ({ default: module.MenuDialog })));
const HelpDialog = lazy(() => import("./help").then((module) => ({ default: module.HelpDialog })));

export type Page = "sell" | "shift" | "settings";

export function TopBar({ page, onPage }: { page: Page; onPage: (page: Page) => void }) {
  const t = useWords();
  const name = useName();
  const engine = useEngine();
  const { person } = useTill("person");
  const run = useRun();
  const [open, setOpen] = useState<"menu" | "help" | null>(null);
  const lock = () => {
    void run(() => engine.lock());
  };
  const leave = () => {
    // Who comes next is asked for, instead of for the PIN of who leaves; the sign-in screen reads it at once.
    lastPerson.id = null;
    lock();
  };
  useShortcuts([
    {
      keys: "F1",
      label: t("help.shortcut"),
      run: () => {
        setOpen("help");
      },
    },
    {
      keys: "F10",
      label: t("help.menu"),
      run: () => {
        setOpen("menu");
      },
    },
    { keys: "Ctrl+L", label: t("help.lock"), run: lock },
  ]);
  const close = () => {
    setOpen(null);
  };
  return (
    <header className="bar">
      <Brand size={36} />
      <SyncBadge />
      <div className="bar__tools">
        {page !== "sell" && (
          <Button
            kind="primary"
            onClick={() => {
              onPage("sell");
            }}
          >
            {t("menu.sell")}
          </Button>
        )}
        {person !== null && (
          <button
            type="button"
            className="button button--quiet bar__person"
            title={t("bar.switch")}
            aria-label={`${t("bar.signed_in", { name: name(person.name) })}. ${t("bar.switch")}`}
            onClick={leave}
          >
            <PersonIcon />
            <span className="bar__name">{name(person.name)}</span>
          </button>
        )}
        <IconButton label={t("bar.lock")} icon={<LockIcon />} shortcut="Ctrl+L" onClick={lock} />
        <IconButton
          label={t("bar.menu")}
          icon={<MenuIcon />}
          shortcut="F10"
          aria-haspopup="dialog"
          onClick={() => {
            setOpen("menu");
          }}
        />
      </div>
      <Suspense fallback={null}>
        {open === "menu" && (
          <MenuDialog
            onClose={close}
            onPage={(next) => {
              close();
              onPage(next);
            }}
            onHelp={() => {
              setOpen("help");
            }}
            onLock={lock}
            onSwitch={leave}
          />
        )}
        {open === "help" && <HelpDialog onClose={close} />}
      </Suspense>
    </header>
  );
}
