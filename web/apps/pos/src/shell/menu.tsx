/** Everything that is not selling, in one place. */
import type { ReactNode } from "react";

import { useTill } from "../engine";
import { useName, useWords } from "../i18n";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { CashIcon, DrawerIcon, KeyboardIcon, LockIcon, SettingsIcon, SwitchIcon } from "../ui/icons";
import type { Page } from "./top-bar";

export interface MenuProps {
  onClose: () => void;
  onPage: (page: Page) => void;
  onHelp: () => void;
  onLock: () => void;
  onSwitch: () => void;
}

export function MenuDialog({ onClose, onPage, onHelp, onLock, onSwitch }: MenuProps) {
  const t = useWords();
  const name = useName();
  const { person, appVersion } = useTill("person", "appVersion");
  const item = (label: string, icon: ReactNode, run: () => void) => (
    <Button kind="quiet" size="large" className="menu__item" icon={icon} onClick={run}>
      {label}
    </Button>
  );
  const to = (page: Page) => () => {
    onPage(page);
  };
  return (
    <Dialog title={t("menu.title")} width="small" onClose={onClose} testId="menu">
      <nav className="menu" aria-label={t("menu.title")}>
        {item(t("menu.sell"), <CashIcon />, to("sell"))}
        {item(t("menu.shift"), <DrawerIcon />, to("shift"))}
        {item(t("menu.settings"), <SettingsIcon />, to("settings"))}
        {item(t("menu.help"), <KeyboardIcon />, onHelp)}
        <hr className="menu__line" />
        {person !== null && <p className="menu__person">{t("bar.signed_in", { name: name(person.name) })}</p>}
        {item(t("menu.switch"), <SwitchIcon />, onSwitch)}
        {item(t("menu.lock"), <LockIcon />, onLock)}
      </nav>
      <p className="menu__version">{t("menu.version", { version: appVersion })}</p>
    </Dialog>
  );
}
