/** Search as you type: arrows choose among the answers, Enter takes one, Escape clears. */
import {
  memo,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from "react";

import type { ProductHit } from "@octonext/engine/api";

import { useEngine, useMoney } from "../engine";
import { useFormats, useName } from "../i18n";
import { useSellWords } from "../sell/words";
import { IconButton, TextField } from "../ui";
import { afterFrame } from "../ui/later";
import { CloseIcon, SearchIcon } from "../ui/icons";
import { useSearch, type Answers } from "./answers";

/** More than fit on a screen are not read; the next letter narrows them. */
const ANSWERS_MAX = 20;
/** As many as a screen of 800 pixels holds; the rest of them is drawn a frame later, below its edge. */
const FIRST_MAX = 10;

export interface SearchBoxProps {
  onPick: (product: ProductHit) => void;
  inputRef?: Ref<HTMLInputElement>;
  shortcut?: string;
  tools?: ReactNode;
  focused?: boolean;
  /** Shown while nothing is searched. */
  children?: ReactNode;
}

export function SearchBox({ onPick, inputRef, shortcut, tools, focused, children }: SearchBoxProps) {
  const engine = useEngine();
  const t = useSellWords();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const { text, answers, search } = useSearch(
    useCallback((question: string) => engine.search(question, ANSWERS_MAX), [engine]),
  );
  const [chosen, setChosen] = useState<{ of: Answers<ProductHit> | null; at: number }>({ of: null, at: 0 });
  // New answers are read from the top.
  const active = chosen.of === answers ? chosen.at : 0;

  const pick = useCallback(
    (product: ProductHit) => {
      search("");
      onPick(product);
    },
    [search, onPick],
  );
  const go = (to: number) => {
    const count = answers?.found.length ?? 0;
    const next = Math.max(0, Math.min(count - 1, to));
    setChosen({ of: answers, at: next });
    const item = list.current?.children[next];
    if (item instanceof HTMLElement && "scrollIntoView" in item) item.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") go(active + 1);
    else if (event.key === "ArrowUp") go(active - 1);
    else if (event.key === "Enter") {
      const product = answers?.text === text.trim() ? answers.found[active] : undefined;
      if (product !== undefined) pick(product);
    } else if (event.key === "Escape" && text !== "") search("");
    else return;
    event.preventDefault();
  };
  const open = text.trim() !== "" && answers !== null;
  return (
    <>
      <div className="search" role="search">
        <SearchIcon />
        <TextField
          label={t("search.label")}
          bare
          className="search__field"
          value={text}
          onChange={search}
          onKeyDown={onKeyDown}
          placeholder={t("search.placeholder")}
          role="combobox"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && answers.found.length > 0 ? `${id}-${active}` : undefined}
          aria-keyshortcuts={shortcut}
          enterKeyHint="done"
          focused={focused ?? false}
          {...(inputRef === undefined ? {} : { ref: inputRef })}
        />
        {text !== "" && (
          <IconButton
            label={t("search.clear")}
            icon={<CloseIcon />}
            onClick={() => {
              search("");
            }}
          />
        )}
        {shortcut !== undefined && text === "" && (
          <kbd className="button__key" aria-hidden="true">
            {shortcut}
          </kbd>
        )}
        {tools}
      </div>
      <div className="hidden-text" role="status">
        {open ? t("search.found", { count: answers.found.length }) : ""}
      </div>
      {!open && children}
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t("search.results")}
        className="answers"
        hidden={!open || answers.found.length === 0}
      >
        {open && <Options found={answers.found} active={active} id={id} onPick={pick} />}
      </div>
      {open && answers.found.length === 0 && (
        <p className="nothing">{answers.refusal ?? t("search.none", { text: answers.text })}</p>
      )}
    </>
  );
}

interface OptionsProps {
  found: readonly ProductHit[];
  active: number;
  id: string;
  onPick: (product: ProductHit) => void;
}

/** Drawn when there are other answers, not at every key that asks for them. */
const Options = memo(function Options({ found, active, id, onPick }: OptionsProps) {
  const [whole, setWhole] = useState<readonly ProductHit[] | null>(null);
  useEffect(() => {
    if (found.length <= FIRST_MAX) return undefined;
    return afterFrame(() => {
      setWhole(found);
    });
  }, [found]);
  const shown = whole === found || active >= FIRST_MAX ? found : found.slice(0, FIRST_MAX);
  return shown.map((hit, at) => (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the field has the keys
    <div
      key={hit.id}
      id={`${id}-${at}`}
      role="option"
      tabIndex={-1}
      aria-selected={at === active}
      className="answer"
      onClick={() => {
        onPick(hit);
      }}
    >
      <Answer hit={hit} />
    </div>
  ));
});

const Answer = memo(function Answer({ hit }: { hit: ProductHit }) {
  const { language } = useFormats();
  const name = useName();
  const other = language === "ar" ? hit.name.en : hit.name.ar;
  return (
    <>
      <span className="answer__what">
        <span className="answer__name">
          <bdi>{name(hit.name)}</bdi>
        </span>
        <span className="answer__more">
          <bdi className="latin">{hit.barcode ?? hit.sku}</bdi>
          {other !== "" && other !== name(hit.name) && <bdi>{other}</bdi>}
        </span>
      </span>
      <PriceOf hit={hit} />
    </>
  );
});

export function PriceOf({ hit }: { hit: ProductHit }) {
  const { exponent } = useMoney();
  const format = useFormats();
  const t = useSellWords();
  if (hit.price === null) return <span className="price price--none">{t("search.no_price")}</span>;
  return (
    <span className="price amount">
      {format.money(hit.price, exponent)}
      {hit.unit === "kg" && <small> {t("sell.per_kg")}</small>}
    </span>
  );
}
