/** The dedicated worker: importing this file starts the engine and answers the page. */
import { browserEnvironment, openTill } from "@octonext/storage";

import { Engine } from "./engine";
import { workerEnvironment } from "./environment";
import type { FromPage, FromWorker } from "./messages";
import { asRefusal } from "./refusals";
import { answer } from "./rpc";
import { StateBoard } from "./state";

/** How long a till whose disk is full waits before it looks again. */
const FULL_PAUSE_MS = 3_000;

let engine: Engine | null = null;

function post(message: FromWorker): void {
  self.postMessage(message);
}

async function start(appVersion: string): Promise<void> {
  const board = new StateBoard(appVersion, (changed) => {
    post({ type: "state", changed });
  });
  const superseded = () => {
    post({ type: "failed", detail: "a newer version of the app has taken over the database" });
  };
  engine = new Engine(workerEnvironment(), board, (left) => openTill(browserEnvironment(superseded), left));
  await begin(engine, board);
}

/** Not while the disk is full: the database would not survive it. Somebody makes room, and it begins by itself. */
async function begin(engine: Engine, board: StateBoard): Promise<void> {
  for (;;) {
    try {
      await engine.start();
      return;
    } catch (error) {
      const { code, params } = asRefusal(error);
      if (code !== "storage_full") {
        post({ type: "failed", detail: `${code} ${JSON.stringify(params)}` });
        return;
      }
      board.changeStorage({ level: "critical" });
      await new Promise((resolve) => setTimeout(resolve, FULL_PAUSE_MS));
    }
  }
}

async function heard(message: FromPage): Promise<void> {
  switch (message.type) {
    case "start":
      await start(message.appVersion);
      return;
    case "call":
      if (engine === null)
        post({ type: "refused", id: message.id, code: "internal", params: { detail: "not started" } });
      else post(await answer(engine, message.id, message.method, message.args));
      return;
    case "look-again":
      engine?.lookAgain();
      return;
    case "release":
      await engine?.release();
      post({ type: "released" });
  }
}

post({ type: "begun" });

self.addEventListener("message", (event: MessageEvent<FromPage>) => {
  void heard(event.data);
});
