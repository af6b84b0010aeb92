/** The dedicated worker: importing this file starts the engine and answers the page. */
import { browserEnvironment, openTill } from "@octonext/storage";

import { Engine } from "./engine";
import { workerEnvironment } from "./environment";
import type { FromPage, FromWorker } from "./messages";
import { asRefusal } from "./refusals";
import { answer } from "./rpc";
import { StateBoard } from "./state";

let engine: Engine | null = null;

function post(message: FromWorker): void {
  self.postMessage(message);
}

async function start(appVersion: string): Promise<void> {
  const board = new StateBoard(appVersion, (state) => {
    post({ type: "state", state });
  });
  const superseded = () => {
    post({ type: "failed", detail: "a newer version of the app has taken over the database" });
  };
  engine = new Engine(workerEnvironment(), board, () => openTill(browserEnvironment(superseded)));
  try {
    await engine.start();
  } catch (error) {
    const { code, params } = asRefusal(error);
    post({ type: "failed", detail: `${code} ${JSON.stringify(params)}` });
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

self.addEventListener("message", (event: MessageEvent<FromPage>) => {
  void heard(event.data);
});
