/** What can be sold: the search box above, and beneath it the answers, the categories or the number pad. */
import { useState, type Ref } from "react";

import type { ProductHit } from "@octonext/engine/api";

import { useEngine } from "../engine";
import { IconButton } from "../ui";
import { CameraIcon, GridIcon } from "../ui/icons";
import { KeypadIcon } from "../sell/icons";
import { useSellingActions } from "../sell/selling";
import { signal } from "../sell/sound";
import { useSellWords } from "../sell/words";
import { cameraReads } from "./camera";
import { CameraDialog } from "./camera-dialog";
import { NumberPanel } from "./number-panel";
import { ProductGrid } from "./product-grid";
import { SearchBox } from "./search-box";

export function ProductArea({ searchRef }: { searchRef: Ref<HTMLInputElement> }) {
  const { change, scan } = useSellingActions();
  const engine = useEngine();
  const t = useSellWords();
  const [panel, setPanel] = useState<"grid" | "pad">("grid");
  const [camera, setCamera] = useState(false);
  const add = async (product: ProductHit) => {
    const added = await change(() => engine.addProduct({ productId: product.id }));
    signal(added ? "added" : "error");
  };
  return (
    <section className="products" aria-label={t("sell.products")}>
      <SearchBox
        inputRef={searchRef}
        onPick={(product) => void add(product)}
        shortcut="F2"
        tools={
          <>
            {cameraReads() && (
              <IconButton
                label={t("search.camera")}
                icon={<CameraIcon />}
                kind="secondary"
                onClick={() => {
                  setCamera(true);
                }}
              />
            )}
            <IconButton
              label={panel === "grid" ? t("search.pad") : t("search.grid")}
              icon={panel === "grid" ? <KeypadIcon /> : <GridIcon />}
              kind="secondary"
              onClick={() => {
                setPanel(panel === "grid" ? "pad" : "grid");
              }}
            />
          </>
        }
      >
        {panel === "grid" ? <ProductGrid onPick={(product) => void add(product)} /> : <NumberPanel />}
      </SearchBox>
      {camera && (
        <CameraDialog
          onCode={(code) => {
            setCamera(false);
            void scan(code);
          }}
          onClose={() => {
            setCamera(false);
          }}
        />
      )}
    </section>
  );
}
