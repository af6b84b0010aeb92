/** Puts the parts of an enrolled till together. */
import { CartStore } from "./cart-store";
import { Carts } from "./carts";
import { catchUp } from "./catching-up";
import { CatalogueKeeper } from "./catalogue-keeper";
import { CustomerBook } from "./customer-book";
import type { Environment } from "./environment";
import { Feeds, REFERENCE } from "./feeds";
import { Goods } from "./goods";
import { OldReturns } from "./old-returns";
import { Payments } from "./payments";
import { Receipts } from "./receipts";
import { Returns } from "./returns";
import { Shifts } from "./shifts";
import { SignIn } from "./sign-in";
import { StorageWatch } from "./storage-watch";
import { Sync } from "./sync";
import type { Till } from "./till";

export interface Parts {
  till: Till;
  sync: Sync;
  feeds: Feeds;
  catalogue: CatalogueKeeper;
  customers: CustomerBook;
  goods: Goods;
  store: CartStore;
  carts: Carts;
  receipts: Receipts;
  returns: Returns;
  payments: Payments;
  shifts: Shifts;
  signIn: SignIn;
  watch: StorageWatch;
  oldReturns: OldReturns;
}

/** Long work lets a scan or a key press go first after so much time. */
const WORK_MS_MAX = 16;

export interface Orders {
  /** Head office ended this till. */
  revoked(reason: "revoked" | "stolen"): Promise<void>;
  /** Once nothing else is going on. */
  lock(): void;
}

export function wire(till: Till, orders: Orders): Parts {
  const unreadable = async (): Promise<void> => {
    // A delta that is on its way to the disk would set the cursor behind rows that are gone.
    await sync.tryAgain(async () => {
      feeds.beginAgain();
      await till.storage.images.clear({ feed: REFERENCE, images: ["catalogue", "staff"] });
    });
  };
  const pause = pausing(till.environment);
  const catalogue = new CatalogueKeeper(till, unreadable, pause);
  const customers = new CustomerBook(till);
  const customer = (id: string) => customers.get(id);
  const sync: Sync = new Sync(
    till,
    () => feeds,
    (reason) => orders.revoked(reason),
  );
  const goods = new Goods(
    till,
    () => catalogue.current,
    () => catalogue.load(),
  );
  const store = new CartStore(till);
  const receipts = new Receipts(till, (id) => goods.byId(id), customer);
  const shifts = new Shifts(till, () => store.empty);
  const signIn: SignIn = new SignIn(till, sync, {
    load: async () => {
      // Side by side: each of them waits mostly for the disk.
      // The feed's customers come after those written here, which count until the shard has them.
      const rest = Promise.all([customers.load().then(() => feeds.load()), goods.load()]);
      // Heard below, unless the journal fails first.
      rest.catch(() => undefined);
      await till.book.load();
      // A full disk must not keep anybody from signing in.
      await catchUp(till).catch(() => undefined);
      await store.load();
      await rest;
      await Promise.all([shifts.show(), store.showHeld()]);
      sync.unlocked();
    },
    opened: () => {
      // What goes wrong is heard by whoever asks for goods next.
      catalogue.load().catch(() => undefined);
    },
    unload: () => {
      customers.forget();
      feeds.unload();
      store.forget();
    },
  });
  const complete = () => {
    if (signIn.isDismissed()) orders.lock();
  };
  const feeds: Feeds = new Feeds(till, catalogue, customers, () => signIn.peopleChanged(), complete);
  const returns = new Returns(till, store, goods, receipts, sync);
  till.onAppended = () => {
    sync.appended();
  };
  return {
    till,
    sync,
    feeds,
    catalogue,
    customers,
    goods,
    store,
    carts: new Carts(till, store, goods, customer),
    receipts,
    returns,
    payments: new Payments(till, store, receipts, (original) => {
      returns.forget(original);
    }),
    shifts,
    signIn,
    watch: new StorageWatch(till),
    oldReturns: new OldReturns(till, store),
  };
}

/** What long work calls between its slices: it waits only when it is time for others. */
function pausing(environment: Environment): () => Promise<void> {
  let restedAt = environment.monotonic();
  return async () => {
    if (environment.monotonic() - restedAt < WORK_MS_MAX) return;
    await new Promise<void>((resolve) => {
      environment.after(0, resolve);
    });
    restedAt = environment.monotonic();
  };
}
