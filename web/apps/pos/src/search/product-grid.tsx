/** Categories and their products as tiles; favourites come first. */
import { useCallback, useEffect, useRef, useState } from "react";

import type { Category, ProductHit } from "@octonext/engine/api";

import { useEngine, useRun, useTill } from "../engine";
import { useName } from "../i18n";
import { useSellWords } from "../sell/words";
import { Button, Spinner } from "../ui";
import { StarIcon } from "../ui/icons";
import { PriceOf } from "./search-box";

/** Tiles fetched at a time: two screens of them. */
const PAGE = 48;

type Chosen = { kind: "favourites" } | { kind: "category"; id: string | null };

export function ProductGrid({ onPick }: { onPick: (product: ProductHit) => void }) {
  const engine = useEngine();
  const { catalogue } = useTill("catalogue");
  const run = useRun();
  const t = useSellWords();
  const [categories, setCategories] = useState<Category[]>([]);
  const [chosen, setChosen] = useState<Chosen>({ kind: "favourites" });
  const [tiles, setTiles] = useState<{ of: Chosen; products: ProductHit[]; more: boolean } | null>(null);

  useEffect(() => {
    let here = true;
    void run(() => engine.categories()).then((answer) => {
      if (here && answer !== null) setCategories(answer.value);
    });
    return () => {
      here = false;
    };
  }, [engine, run, catalogue.products, catalogue.ready]);

  const load = useCallback(
    async (of: Chosen, before: ProductHit[]) => {
      const request =
        of.kind === "favourites" ? { categoryId: null, favourites: true } : { categoryId: of.id };
      const answer = await run(() => engine.browse({ ...request, offset: before.length, limit: PAGE }));
      return answer === null
        ? null
        : { of, products: [...before, ...answer.value], more: answer.value.length === PAGE };
    },
    [engine, run],
  );
  useEffect(() => {
    let here = true;
    void load(chosen, []).then((next) => {
      if (here && next !== null) setTiles(next);
    });
    return () => {
      here = false;
    };
  }, [load, chosen, catalogue.ready, catalogue.products]);

  const star = async (product: ProductHit) => {
    const favourite = !product.favourite;
    if ((await run(() => engine.setFavourite(product.id, favourite))) === null) return;
    setTiles((now) =>
      now === null
        ? now
        : {
            ...now,
            products: now.products.map((each) => (each.id === product.id ? { ...each, favourite } : each)),
          },
    );
  };
  const parent = chosen.kind === "category" ? chosen.id : null;
  return (
    <>
      <CategoryBar categories={categories} chosen={chosen} onChoose={setChosen} />
      {tiles === null ? (
        <Spinner label={catalogue.ready ? t("sell.products") : t("search.not_ready")} />
      ) : (
        // Another category starts from its top.
        <div className="tiles" key={tiles.of.kind + String(parent)}>
          {tiles.products.map((product) => (
            <Tile key={product.id} product={product} onPick={onPick} onStar={(each) => void star(each)} />
          ))}
          {tiles.products.length === 0 && (
            <p className="nothing">
              {tiles.of.kind === "favourites" ? t("grid.no_favourites") : t("grid.empty")}
            </p>
          )}
          {tiles.more && (
            <Button
              className="tiles__more"
              onClick={() =>
                void load(tiles.of, tiles.products).then((next) => {
                  if (next !== null) setTiles(next);
                })
              }
            >
              {t("grid.more")}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

interface CategoryBarProps {
  categories: readonly Category[];
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
}

/** The chosen category's own path, then what lies in it. */
function CategoryBar({ categories, chosen, onChoose }: CategoryBarProps) {
  const name = useName();
  const t = useSellWords();
  const id = chosen.kind === "category" ? chosen.id : null;
  const path = pathTo(categories, id);
  const children = categories.filter((each) => each.parentId === id);
  // In a category without any below it, its neighbours stay in reach.
  const shown =
    children.length > 0 ? children : categories.filter((each) => each.parentId === (path.at(-2)?.id ?? null));
  const above = children.length > 0 ? path : path.slice(0, -1);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Other chips stand around it now, and it may have moved out of sight with them.
    bringIntoView(bar.current?.querySelector(".chip--on"));
  }, [chosen, categories]);
  const chip = (key: string, label: string, on: boolean, to: Chosen, icon?: React.ReactNode) => (
    <button
      key={key}
      type="button"
      className={on ? "chip chip--on" : "chip"}
      aria-pressed={on}
      onClick={() => {
        onChoose(to);
      }}
      onFocus={(event) => {
        bringIntoView(event.currentTarget);
      }}
    >
      {icon}
      {label}
    </button>
  );
  return (
    <div ref={bar} className="categories" role="group" aria-label={t("grid.categories")}>
      {chip(
        "favourites",
        t("grid.favourites"),
        chosen.kind === "favourites",
        { kind: "favourites" },
        <StarIcon size={20} />,
      )}
      {chip("all", t("grid.all"), chosen.kind === "category" && id === null, { kind: "category", id: null })}
      {above.map((each) => chip(each.id, name(each.name), each.id === id, { kind: "category", id: each.id }))}
      {shown.map((each) => chip(each.id, name(each.name), each.id === id, { kind: "category", id: each.id }))}
    </div>
  );
}

function bringIntoView(chip: Element | null | undefined): void {
  if (chip instanceof HTMLElement && "scrollIntoView" in chip)
    chip.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** From the top down to the category itself. */
export function pathTo(categories: readonly Category[], id: string | null): Category[] {
  const path: Category[] = [];
  let at = categories.find((each) => each.id === id);
  // A category that is its own ancestor is somebody's mistake; it must not hang the till.
  while (at !== undefined && !path.includes(at)) {
    path.unshift(at);
    const parent = at.parentId;
    at = categories.find((each) => each.id === parent);
  }
  return path;
}

interface TileProps {
  product: ProductHit;
  onPick: (product: ProductHit) => void;
  onStar: (product: ProductHit) => void;
}

function Tile({ product, onPick, onStar }: TileProps) {
  const name = useName();
  const t = useSellWords();
  const shown = name(product.name);
  return (
    <div className="tile">
      <button
        type="button"
        className="tile__face"
        disabled={product.price === null}
        onClick={() => {
          onPick(product);
        }}
      >
        <span className="tile__name">
          <bdi>{shown}</bdi>
        </span>
        <PriceOf hit={product} />
      </button>
      <button
        type="button"
        className={product.favourite ? "tile__star tile__star--on" : "tile__star"}
        aria-label={product.favourite ? t("grid.unstar", { name: shown }) : t("grid.star", { name: shown })}
        aria-pressed={product.favourite}
        onClick={() => {
          onStar(product);
        }}
      >
        <StarIcon size={20} />
      </button>
    </div>
  );
}
