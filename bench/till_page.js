// What a benchmark adds to the till's page before its own scripts run: it listens, and touches nothing.
(() => {
  const NativeWorker = globalThis.Worker;
  const calls = new Map();
  const asked = new Map();
  const watchers = new Set();
  let worker = null;
  let state = null;
  const answers = new Map();
  let nextId = -1;
  let waiting = null;

  globalThis.Worker = class extends NativeWorker {
    constructor(...given) {
      super(...given);
      worker = this;
      // Before the page's own listener: the moment when the answer is here, not when it was dealt with.
      this.addEventListener("message", ({ data }) => {
        if (data.type === "state") {
          state = { ...state, ...data.changed };
          for (const look of [...watchers]) look();
        }
        const call = calls.get(data.id);
        if (call === undefined || (data.type !== "result" && data.type !== "refused")) return;
        calls.delete(data.id);
        answers.set(call.method, { sent: call.sent, answered: performance.now() });
        for (const look of [...watchers]) look();
        asked.get(data.id)?.(data);
        asked.delete(data.id);
      });
    }
    postMessage(message, ...rest) {
      if (message?.type === "call") {
        calls.set(message.id, { method: message.method, sent: performance.now() });
      }
      super.postMessage(message, ...rest);
    }
  };

  /** The frame that shows what is in the document now. */
  const painted = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      });
    });

  const until = (holds) =>
    new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        watchers.delete(look);
        observer.disconnect();
        resolve(performance.now());
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      watchers.add(look);
      look();
    });

  const one = (id) => document.querySelector(`[data-testid="${id}"]`);
  const text = (id) => one(id)?.textContent ?? null;

  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      const id = nextId--;
      asked.set(id, (data) => {
        if (data.type === "result") resolve(data.value);
        else reject(new Error(`${method}: ${data.code} ${JSON.stringify(data.params)}`));
      });
      worker.postMessage({ type: "call", id, method, args });
    });

  const event = (type, fits) =>
    new Promise((resolve) => {
      const hear = (heard) => {
        if (!fits(heard)) return;
        removeEventListener(type, hear, true);
        resolve(heard.timeStamp);
      };
      addEventListener(type, hear, true);
    });

  const flows = {
    /** From the scanner's Enter to the frame with the new line. */
    async scan(code) {
      const before = text("cart-total");
      // Made here: a busy machine that carries each key from outside would type like a person.
      const press = (key) => {
        const made = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        (document.activeElement ?? document.body).dispatchEvent(made);
        return made.timeStamp;
      };
      for (const key of code) press(key);
      const from = press("Enter");
      await until(() => text("cart-total") !== before);
      return { from, to: await painted(), ...answers.get("scan") };
    },
    /** From a key to the frame with the answers to what then stands in the field. */
    async search(typed) {
      const field = document.querySelector('[role="combobox"]');
      // React watches the element's own property; only the prototype's setter gets past it.
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, typed);
      const from = performance.now();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      const heard = () => (answers.get("search")?.sent ?? -Infinity) >= from;
      await until(heard);
      // Before the page's own listener: what changes from here on are the answers.
      const list = document.querySelector('[role="listbox"]') ?? document;
      let observer = null;
      const changed = new Promise((resolve) => {
        observer = new MutationObserver(() => resolve(true));
        observer.observe(list, { subtree: true, childList: true, characterData: true });
      });
      // The same answers as before change nothing: then the frame after the answer is the one.
      const unchanged = painted().then(() => false);
      const to = (await Promise.race([changed, unchanged])) ? await painted() : performance.now();
      observer.disconnect();
      return { from, to, ...answers.get("search") };
    },
    /** From the press of the button that takes the money to the frame with the receipt's number. */
    async pay() {
      const from = await event("click", ({ target }) => target.closest(".pay__take") !== null);
      await until(() => one("receipt-number") !== null);
      return { from, to: await painted(), ...answers.get("pay") };
    },
    /** From the PIN's Enter to a sell screen whose catalogue answers. */
    async signIn(code) {
      const from = await event("keydown", ({ key }) => key === "Enter");
      await until(() => state?.phase === "open" && state.catalogue.ready && one("cart-total") !== null);
      const to = await painted();
      await call("search", code, 1);
      return { from, to, searched: performance.now(), ...answers.get("signIn") };
    },
  };

  globalThis.bench = {
    call,
    /** Under the service worker's care: the next start needs no server. */
    async cared() {
      await navigator.serviceWorker.ready;
      while (navigator.serviceWorker.controller === null) await painted();
    },
    until,
    state: () => state,
    visible: (selector) => until(() => document.querySelector(selector) !== null),
    reached: (test) => until(() => state !== null && test(state)),
    arm(name, ...given) {
      waiting = flows[name](...given);
    },
    result: () => waiting,
    /** A message to the worker and its answer, which is made from nothing. */
    async empty() {
      const from = performance.now();
      await call("touched");
      return performance.now() - from;
    },
    /** Sales one after the other, as fast as the engine takes them: what is asked next waits there already. */
    async sell(codes, sales) {
      const tenders = [{ tender: "cash", amount: null, reference: null }];
      for (let number = 0; number < sales; number++) {
        const scanned = call("scan", codes[number % codes.length]);
        await Promise.all([scanned, call("pay", { tenders })]);
      }
    },
    /** What went after the first acknowledgement, and how long that took; all of it where there was but one. */
    async drained() {
      const began = performance.now();
      const all = state.sync.unsynced;
      const first = await until(() => state.sync.unsynced < all || all === 0);
      const left = state.sync.unsynced;
      const done = await until(() => state.sync.unsynced === 0);
      return left > 0 ? { entries: left, ms: done - first } : { entries: all, ms: done - began };
    },
    /** Whether everything that came is in the image. */
    async tidy() {
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open("octonext-till");
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      const row = await new Promise((resolve, reject) => {
        const reading = database.transaction("manifests").objectStore("manifests").get("catalogue");
        reading.onsuccess = () => resolve(reading.result);
        reading.onerror = () => reject(reading.error);
      });
      database.close();
      return row !== undefined && row.generation > 0 && row.contained === row.last;
    },
  };
})();
