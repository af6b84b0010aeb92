/**
 * @vitest-environment jsdom
 *
 * The selling screens in a page, with an engine in memory: what a cashier does and sees, and axe's opinion.
 */
import type { Receipt } from "@octonext/engine/api";
import axe from "axe-core";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { EngineProvider } from "../src/engine";
import { PreferencesProvider } from "../src/preferences";
import { SellScreen } from "../src/sell";
import { ShortcutProvider } from "../src/ui/shortcuts";
import { ToastProvider } from "../src/ui/toast";
import { MemoryTill } from "./memory-engine";
import { receiptOf } from "./memory/receipt";
import { PEOPLE, sellingState } from "./memory/state";

let till: MemoryTill;
let root: Root;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  till = new MemoryTill(sellingState());
});

afterEach(async () => {
  await act(async () => {
    root.unmount();
    await Promise.resolve();
  });
  document.body.innerHTML = "";
});

async function open(language: "en" | "ar" = "en"): Promise<void> {
  localStorage.setItem("octonext.preferences", JSON.stringify({ language }));
  document.body.innerHTML = '<div id="app"></div><div id="dialogs"></div><div id="toasts"></div>';
  document.title = "OctoNext";
  const place = document.getElementById("app");
  if (place === null) throw new Error("no place to draw");
  root = createRoot(place);
  await act(async () => {
    root.render(
      <PreferencesProvider>
        <EngineProvider client={till}>
          <ToastProvider>
            <ShortcutProvider>
              <SellScreen />
            </ShortcutProvider>
          </ToastProvider>
        </EngineProvider>
      </PreferencesProvider>,
    );
    await settle();
  });
}

/** Everything that is already on its way has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function doing(action: () => void): Promise<void> {
  await act(async () => {
    action();
    await settle();
  });
  // What is drawn a frame later.
  await act(async () => {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await settle();
  });
}

const text = () => document.body.textContent;
const byTest = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];

function named(role: string, name: string | RegExp): HTMLElement {
  const found = [...document.querySelectorAll<HTMLElement>(role)].find((each) => {
    const said = each.getAttribute("aria-label") ?? each.textContent;
    return typeof name === "string" ? said.startsWith(name) : name.test(said);
  });
  if (found === undefined) throw new Error(`no ${role} named ${String(name)} in: ${text()}`);
  return found;
}
const button = (name: string | RegExp) => named("button", name);
const field = (label: string): HTMLInputElement => {
  const found = [...document.querySelectorAll("label")].find((each) => each.textContent === label);
  const input = document.getElementById(found?.htmlFor ?? "");
  if (!(input instanceof HTMLInputElement)) throw new Error(`no field ${label}`);
  return input;
};

function put(input: HTMLInputElement, value: string): void {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, value);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

const press = (key: string, at?: number) =>
  doing(() => {
    (document.activeElement ?? document.body).dispatchEvent(keyDown(key, at));
  });

function keyDown(key: string, at?: number): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  if (at !== undefined) Object.defineProperty(event, "timeStamp", { value: at });
  return event;
}

/** As a wedge does it: each key goes into the field that has the focus, unless somebody prevents it. */
let clock = 10_000;
async function scanned(code: string): Promise<void> {
  clock += 5000;
  await doing(() => {
    for (const key of [...Array.from(code), "Enter"]) {
      const target = document.activeElement ?? document.body;
      const prevented = !target.dispatchEvent(keyDown(key, (clock += 6)));
      if (!prevented && key !== "Enter" && target instanceof HTMLInputElement)
        put(target, target.value + key);
    }
  });
}

async function expectNoViolations(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    // jsdom computes no colours; contrast is checked in a real browser. The page around has the level-one heading.
    rules: {
      "color-contrast": { enabled: false },
      "page-has-heading-one": { enabled: false },
      region: { enabled: false },
    },
  });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}

describe("a scan", () => {
  it("adds a line wherever the focus is, and leaves the field as it was", async () => {
    await open();
    const search = field("Search products");
    search.focus();
    await doing(() => {
      put(search, "mil");
    });
    await scanned("6281007041001");
    expect(byTest("cart-line")).toHaveLength(1);
    expect(byTest("cart-total")[0]?.textContent).toContain("0.450");
    expect(search.value).toBe("mil");
    expect(document.activeElement).toBe(search);
  });

  it("of a code that nobody knows says so and adds nothing", async () => {
    await open();
    await scanned("99999999");
    expect(byTest("cart-line")).toHaveLength(0);
    expect(named('[role="alert"]', /No product has the code 99999999/u)).toBeTruthy();
  });

  it("is announced with the total", async () => {
    await open();
    await scanned("6281007041001");
    expect(named('[role="status"]', "Full cream milk 1 l, 1. Total KWD\u00a00.450.")).toBeTruthy();
  });

  it("never lands in an amount that is being typed", async () => {
    await open();
    await scanned("6281007041001");
    await doing(() => {
      button("Quantity").click();
    });
    const quantity = field("Quantity");
    expect(document.activeElement).toBe(quantity);
    await scanned("6281007041002");
    expect(quantity.value).toBe("1");
    expect(byTest("cart-line")).toHaveLength(1);
    expect(text()).toContain("Finish this first.");
  });

  it("during a payment does not change the cart", async () => {
    await open();
    await scanned("6281007041001");
    await press("F4");
    await scanned("6281007041002");
    expect(till.counter.cart.lines).toHaveLength(1);
    expect(text()).toContain("Finish or leave the payment first.");
  });
});

describe("paying", () => {
  it("twice in one breath is one payment, and the receipt waits for the engine", async () => {
    await open();
    await scanned("6281007041001");
    const calls: unknown[] = [];
    let resolve: (receipt: Receipt) => void = () => undefined;
    till.engine.pay = (request) => {
      calls.push(request);
      return new Promise<Receipt>((done) => (resolve = done));
    };
    await press("F4");
    await doing(() => {
      button("Exact").click();
      button("Exact").click();
    });
    await press("Escape");
    expect(calls).toEqual([{ tenders: [{ tender: "cash", amount: null, reference: null }] }]);
    expect(byTest("receipt-number")).toHaveLength(0);
    expect(text()).toContain("Recording the payment");
    const receipt = receiptOf(till.counter.cart, 17, "cash", null);
    await doing(() => {
      resolve(receipt);
    });
    expect(byTest("receipt-number")[0]?.textContent).toBe("KW01-T01-17");
  });

  it("with a larger note shows the change, and Enter starts the next sale", async () => {
    await open();
    await scanned("6281007041001");
    await press("F4");
    await doing(() => {
      button("1.000").click();
    });
    expect(till.counter.paid).toEqual([{ tenders: [{ tender: "cash", amount: 1000, reference: null }] }]);
    expect(byTest("change-due")[0]?.textContent).toContain("0.550");
    expect(document.activeElement?.textContent).toContain("New sale");
    await doing(() => {
      button("New sale").click();
    });
    expect(byTest("cart-line")).toHaveLength(0);
  });

  it("by terminal asks for the reference first", async () => {
    await open();
    await scanned("6281007041001");
    await press("F4");
    await doing(() => {
      document.querySelectorAll<HTMLElement>(".tender__radio")[1]?.click();
    });
    await doing(() => {
      button("Pay KWD").click();
    });
    expect(till.counter.paid).toEqual([]);
    expect(text()).toContain("Type the reference.");
    await doing(() => {
      put(field("Reference"), "004211");
    });
    await doing(() => {
      button("Pay KWD").click();
    });
    expect(till.counter.paid).toEqual([{ tenders: [{ tender: "knet", amount: null, reference: "004211" }] }]);
  });
});

describe("a return", () => {
  it("by number puts the chosen lines into the cart as money owed", async () => {
    await open();
    await scanned("6281007041001");
    await press("F4");
    await doing(() => {
      button("Exact").click();
    });
    await press("F4");
    await press("F8");
    await doing(() => {
      put(field("Receipt number"), "KW01-T01-17");
    });
    await doing(() => {
      button("Find").click();
    });
    expect(text()).toContain("Known from this till only");
    await doing(() => {
      button("Add to the cart").click();
    });
    expect(text()).toContain("Choose what comes back.");
    await doing(() => {
      button("Return all").click();
      button("Faulty").click();
    });
    await doing(() => {
      button("Add to the cart").click();
    });
    expect(till.counter.cart.total).toBe(-450);
    await press("F4");
    await doing(() => {
      button("Refund KWD").click();
    });
    expect(till.counter.paid.at(-1)).toEqual({
      tenders: [{ tender: "cash", amount: null, reference: null }],
    });
    expect(text()).toContain("Refunded");
  });
});

it("a held cart comes back as it was", async () => {
  await open();
  await scanned("6281007041001");
  await press("F6");
  await doing(() => {
    document.querySelector<HTMLElement>('[role="dialog"] .button--primary')?.click();
  });
  expect(byTest("cart-line")).toHaveLength(0);
  await press("F7");
  await doing(() => {
    button("Recall").click();
  });
  expect(byTest("cart-line")).toHaveLength(1);
});

it("a held cart names who put it aside in the language of the screen", async () => {
  const [person] = PEOPLE;
  await open("ar");
  await scanned("6281007041001");
  await press("F6");
  await doing(() => {
    document.querySelector<HTMLElement>('[role="dialog"] .button--primary')?.click();
  });
  await press("F7");
  expect(text()).toContain(person?.name.ar);
  expect(text()).not.toContain(person?.name.en);
});

it("a category that gets the focus is brought into view", async () => {
  await open();
  const shown: Element[] = [];
  Object.assign(HTMLElement.prototype, {
    scrollIntoView(this: Element) {
      shown.push(this);
    },
  });
  const chip = [...document.querySelectorAll<HTMLElement>(".chip")].at(-1);
  await doing(() => {
    chip?.focus();
  });
  expect(shown).toContain(chip);
  shown.length = 0;
  await doing(() => {
    chip?.click();
  });
  expect(shown.map((each) => each.className)).toContain("chip chip--on");
  Reflect.deleteProperty(HTMLElement.prototype, "scrollIntoView");
});

it("the focus stays on the screen when the focused line is removed", async () => {
  await open();
  await scanned("6281007041001");
  button("Remove").focus();
  await doing(() => {
    button("Remove").click();
  });
  await doing(() => {
    [...document.querySelectorAll<HTMLElement>('[role="dialog"] .button--danger')].at(-1)?.click();
  });
  expect(byTest("cart-line")).toHaveLength(0);
  expect(document.activeElement).not.toBe(document.body);
});

describe.each(["en", "ar"] as const)("in %s, axe finds nothing to say about", (language) => {
  it("the cart, its dialogs and the products", async () => {
    await open(language);
    await scanned("6281007041001");
    await scanned("6281007043001");
    await expectNoViolations();
    await doing(() => {
      document.querySelectorAll<HTMLElement>(".line__actions .tool")[1]?.click();
    });
    expect(document.querySelector('[role="dialog"]')).not.toBeNull();
    await expectNoViolations();
  });

  it("search answers", async () => {
    await open(language);
    const search = document.querySelector<HTMLInputElement>('[role="combobox"]');
    await doing(() => {
      if (search !== null) put(search, "200");
    });
    expect(document.querySelectorAll('[role="option"]').length).toBeGreaterThan(0);
    await expectNoViolations();
  });

  it("payment, receipt, returns, customers, receipts", async () => {
    await open(language);
    await scanned("6281007041001");
    await press("F3");
    await expectNoViolations();
    await press("Escape");
    await press("F4");
    await expectNoViolations();
    await doing(() => {
      document.querySelector<HTMLElement>(".quick .button")?.click();
    });
    expect(byTest("receipt-number")).toHaveLength(1);
    await expectNoViolations();
    await press("F8");
    expect(document.querySelector(".stepper")).not.toBeNull();
    await expectNoViolations();
  });
});
