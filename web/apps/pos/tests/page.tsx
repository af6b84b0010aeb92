/** Renders into jsdom the way main.tsx does, and acts like a person. */
import type { ReactNode } from "react";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";

import { App } from "../src/app";
import type { MemoryTill } from "./memory-engine";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

let root: Root | null = null;

export async function render(content: ReactNode): Promise<void> {
  document.body.innerHTML = '<div id="app"></div><div id="dialogs"></div><div id="toasts"></div>';
  // jsdom has no layout and no media queries.
  window.matchMedia = () => ({ matches: false }) as MediaQueryList;
  const place = document.getElementById("app");
  if (place === null) throw new Error("no #app");
  await act(async () => {
    root = createRoot(place);
    root.render(content);
    await Promise.resolve();
  });
}

export async function openApp(till: MemoryTill, preferences: Record<string, unknown> = {}): Promise<void> {
  localStorage.setItem("octonext.preferences", JSON.stringify({ language: "en", ...preferences }));
  await render(<App client={till} />);
}

export async function close(): Promise<void> {
  await act(async () => {
    root?.unmount();
    await Promise.resolve();
  });
  root = null;
}

/** Waits for it, with a deadline: screens are loaded when they are first needed. */
export async function until<T>(find: () => T | null | undefined | false): Promise<T> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const found = find();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not found in time: ${find.toString()}`);
    await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
  }
}

export function nameOf(element: Element): string {
  const text = element.getAttribute("aria-label") ?? element.textContent;
  return text.replaceAll(/\s+/gu, " ").trim();
}

export function button(name: string | RegExp): HTMLButtonElement | undefined {
  return (
    [...document.querySelectorAll<HTMLButtonElement>("button")]
      // What lies behind a dialog cannot be pressed.
      .filter((each) => each.closest("[inert]") === null)
      .find((each) => (typeof name === "string" ? nameOf(each) === name : name.test(nameOf(each))))
  );
}

export async function press(name: string | RegExp): Promise<void> {
  const found = await until(() => button(name));
  await act(async () => {
    found.focus();
    found.click();
    await Promise.resolve();
  });
}

export async function key(name: string, options: KeyboardEventInit = {}): Promise<void> {
  await act(async () => {
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(
      new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options }),
    );
    await Promise.resolve();
  });
}

/** Types into the field that has the focus, and presses Enter as a form does. */
export async function type(text: string, options: { enter?: boolean } = {}): Promise<void> {
  const field = document.activeElement;
  if (!(field instanceof HTMLInputElement)) throw new Error("no field has the focus");
  await act(async () => {
    const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
    value?.set?.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await Promise.resolve();
  });
  if (options.enter !== true) return;
  await act(async () => {
    field.form?.requestSubmit();
    await Promise.resolve();
  });
}
