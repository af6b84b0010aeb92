// @vitest-environment jsdom
/** The shell in both languages: every screen can be reached, has no violation of axe, and a day goes by keyboard. */
import axe from "axe-core";
import { act } from "react";
import { afterEach, expect, test } from "vitest";

import type { TillState } from "@octonext/engine/api";

import { lastPerson } from "../src/sign-in/last-person";
import { MemoryTill } from "./memory-engine";
import { memoryState, NOW, PIN } from "./memory/state";
import { button, close, key, openApp, press, type, until } from "./page";

const heading = (text: string) => () =>
  [...document.querySelectorAll("h1, h2")].find((each) => each.textContent === text);

/** Colours and sizes are for a real browser; jsdom has no layout. */
async function violations(): Promise<string[]> {
  const found = await axe.run(document, {
    rules: { "color-contrast": { enabled: false }, "page-has-heading-one": { enabled: false } },
  });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

afterEach(async () => {
  await close();
  lastPerson.id = null;
});

const base = memoryState();
const FRONTS: [name: string, state: Partial<TillState>, en: string, ar: string][] = [
  ["enrolment", { phase: "unenrolled", identity: null }, "Set up this till", "إعداد نقطة البيع"],
  ["sign-in", {}, "Sign in", "تسجيل الدخول"],
  ["the first sign-in", { known: [] }, "Sign in", "تسجيل الدخول"],
  ["the restore", { phase: "lost" }, "The till’s memory is damaged", "بيانات الجهاز تالفة"],
  [
    "revocation",
    { phase: "revoked", sync: { ...base.sync, unsynced: 3 } },
    "This till was ended by head office",
    "أوقف المكتب الرئيسي هذا الجهاز",
  ],
  [
    "the second window",
    { phase: "elsewhere" },
    "The till is open in another window",
    "نقطة البيع مفتوحة في نافذة أخرى",
  ],
];

test.each(FRONTS)("%s is accessible in both languages", async (_name, state, en, ar) => {
  await openApp(new MemoryTill(state), { language: "en" });
  await until(heading(en));
  expect(document.documentElement.dir).toBe("ltr");
  expect(await violations()).toEqual([]);
  await press("العربية");
  await until(heading(ar));
  expect(document.documentElement.dir).toBe("rtl");
  expect(await violations()).toEqual([]);
});

async function signIn(name: RegExp): Promise<void> {
  await press(name);
  await until(() => document.activeElement instanceof HTMLInputElement);
  await type(PIN, { enter: true });
}

test("a wrong PIN is said in words, and the next one is typed from the start", async () => {
  await openApp(new MemoryTill());
  await press(/Cashier One/u);
  await type("9999", { enter: true });
  await until(() => document.querySelector('[role="alert"]')?.textContent.includes("9 attempts left"));
  const field = document.activeElement;
  expect(field instanceof HTMLInputElement && field.value).toBe("");
});

test("a PIN is digits only, and as many as head office gives at most", async () => {
  await openApp(new MemoryTill());
  await press(/Cashier One/u);
  await type("12a34٥678910");
  const field = document.activeElement;
  expect(field instanceof HTMLInputElement && field.value).toBe("12345678");
});

test("a shift is opened, cash is taken out with an approval, and the shift is closed and counted", async () => {
  const till = new MemoryTill();
  await openApp(till);
  await signIn(/Cashier One/u);
  await until(heading("Open a shift"));
  expect(await violations()).toEqual([]);
  await type("25.5", { enter: true });
  await until(() => till.state().shift);

  await key("F10");
  await until(heading("Menu"));
  expect(await violations()).toEqual([]);
  await press("Shift and drawer");
  await press("Cash out");
  await until(heading("Cash out"));
  expect(await violations()).toEqual([]);
  await until(() => document.activeElement instanceof HTMLInputElement);
  await type("12.25", { enter: true });
  await until(heading("Approval needed"));
  expect(await violations()).toEqual([]);
  await press(/Manager/u);
  await type(PIN, { enter: true });
  await until(() => document.body.textContent.includes("taken from the drawer"));

  await press("Close shift");
  await until(heading("Close the shift: count the drawer"));
  expect(document.body.textContent).toContain("shown afterwards");
  expect(await violations()).toEqual([]);
  await until(() => document.activeElement instanceof HTMLInputElement);
  await type("21", { enter: true });
  await until(() => heading("Close the shift with KWD\u00a0420.000 counted?")());
  await press("Close shift");
  await until(() => till.state().shift === null);
  await until(heading("Z report"));
  expect(await violations()).toEqual([]);
  expect(document.querySelector('[role="dialog"]')?.textContent).toContain("Difference: Short");
});

test("settings change the language at once and stay", async () => {
  const shift = { id: "s", openedAt: new Date(NOW).toISOString(), openedBy: { en: "Cashier One", ar: "" } };
  await openApp(new MemoryTill({ shift }));
  await signIn(/Manager/u);
  await key("F10");
  await press("Settings");
  await until(heading("Settings"));
  expect(await violations()).toEqual([]);
  const arabic = await until(() => document.querySelector<HTMLInputElement>('label[lang="ar"] input'));
  act(() => {
    arabic.click();
  });
  await until(heading("الإعدادات"));
  expect(localStorage.getItem("octonext.preferences")).toContain('"language":"ar"');
});

test("the panel behind the badge says what to do, and Escape gives the focus back", async () => {
  const offline = {
    ...base.sync,
    state: "offline" as const,
    unsynced: 12,
    oldestUnsyncedAt: NOW,
    lastError: { code: "unreachable" as const, detail: "", at: NOW },
  };
  await openApp(new MemoryTill({ sync: offline }));
  const badge = await until(() => document.querySelector<HTMLElement>('[data-testid="sync-badge"]'));
  expect(badge.textContent).toContain("12 not handed over");
  badge.focus();
  await key("i", { ctrlKey: true });
  await until(heading("Connection and storage"));
  expect(await violations()).toEqual([]);
  expect(document.body.textContent).toContain("Check the network cable");
  await key("Escape");
  expect(heading("Connection and storage")()).toBeUndefined();
  expect(document.activeElement).toBe(badge);
});

test("switching asks who comes, locking asks for the same person's PIN", async () => {
  await openApp(new MemoryTill());
  await signIn(/Cashier One/u);
  await press(/^Lock$/u);
  await until(() => document.body.textContent.includes("PIN of Cashier One"));
  await type(PIN, { enter: true });
  await press(/Switch cashier/u);
  await until(heading("Who is working here?"));
  expect(button(/Cashier Two/u)).toBeDefined();
});
