/** The small kinds of the reference feed: regions, branches, lists, taxes and people, held as objects. */
import { PERMISSIONS, ROLES, type Permission, type Role } from "@octonext/core/roles";
import type { Settings } from "@octonext/core/settings";
import { isCount, isFields, isListOf, isText, isUuid, namesOf, type Fields, type Row } from "./rows";
import { readSettings, settingsFrom, type SettingsPart } from "./settings";
import type { BothNames, Branch, Cashier, PriceList, Region, Tax } from "./types";

/** A category as its row says; how many products it has is the catalogue's to count. */
export interface CategoryNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: BothNames;
}

interface Kinds {
  region: Region;
  branch: Branch;
  category: CategoryNode;
  price_list: PriceList;
  tax: Tax;
  cashier: Cashier;
  till_settings: SettingsPart;
}

type Kind = keyof Kinds;

const MEMBERS_MAX = 10_000;

const isId = (value: unknown): value is number => isCount(value) && value > 0;
const isName = <T extends string>(names: readonly T[], value: unknown): value is T =>
  names.includes(value as T);

const READERS: { readonly [K in Kind]: (key: string, value: Fields) => Kinds[K] | null } = {
  region(key, value) {
    const { region_id: id, code, jurisdiction, currency, time_zone: timeZone } = value;
    const name = namesOf(value);
    const isReadable =
      isId(id) &&
      String(id) === key &&
      name !== null &&
      isText(code) &&
      isText(jurisdiction) &&
      isText(currency);
    return isReadable && isText(timeZone) ? { id, code, jurisdiction, currency, timeZone, name } : null;
  },

  branch(key, value) {
    const { branch_id: id, code, region_id: regionId, shard_id: shardId = "", currency } = value;
    const { time_zone: timeZone, jurisdiction, active = true } = value;
    const name = namesOf(value);
    const isNamed = isId(id) && String(id) === key && name !== null && isText(code) && isId(regionId);
    const isPlaced = isText(shardId) && isText(currency) && isText(timeZone) && isText(jurisdiction);
    return isNamed && isPlaced && typeof active === "boolean"
      ? { id, code, name, regionId, shardId, currency, timeZone, jurisdiction, active }
      : null;
  },

  category(key, value) {
    const { category_id: id, parent_id: parentId = null } = value;
    const name = namesOf(value);
    const isReadable = isUuid(id) && id === key && name !== null && (parentId === null || isUuid(parentId));
    return isReadable ? { id, parentId, name } : null;
  },

  price_list(key, value) {
    const { price_list_id: id, name = "", region_id: regionId = null, branch_id: branchId = null } = value;
    const { currency, tax_inclusive: taxInclusive, priority } = value;
    const isScoped = (regionId === null || isId(regionId)) && (branchId === null || isId(branchId));
    const isReadable = isUuid(id) && id === key && isText(name) && isText(currency) && isScoped;
    return isReadable && typeof taxInclusive === "boolean" && Number.isSafeInteger(priority)
      ? { id, name, regionId, branchId, currency, taxInclusive, priority: priority as number }
      : null;
  },

  tax(key, value) {
    const { jurisdiction, tax_class: taxClass, tax_code: taxCode, rate_ppm: ratePpm } = value;
    const name = namesOf({ name_en: "", ...value });
    return isText(jurisdiction) &&
      isText(taxClass) &&
      `${jurisdiction}:${taxClass}` === key &&
      isText(taxCode) &&
      isCount(ratePpm) &&
      name !== null
      ? { jurisdiction, taxClass, taxCode, ratePpm, name }
      : null;
  },

  cashier(key, value) {
    const { user_id: id, code, role, permissions = [], branch_ids: branchIds = [] } = value;
    const { pin_hash: pinHash, active = true } = value;
    const name = namesOf(value);
    const isPerson = isUuid(id) && id === key && isText(code) && name !== null && isName<Role>(ROLES, role);
    const mayWork = isListOf(permissions, isText, MEMBERS_MAX) && isListOf(branchIds, isId, MEMBERS_MAX);
    if (!isPerson || !mayWork || !isText(pinHash) || typeof active !== "boolean") return null;
    // A permission that this version has no word for guards something that it cannot do.
    const known = permissions.filter((each): each is Permission => isName<Permission>(PERMISSIONS, each));
    return { id, code, name, role, permissions: known, branchIds, pinHash, active };
  },

  till_settings: readSettings,
};

export const isSmallKind = (kind: string): kind is Kind => Object.hasOwn(READERS, kind);

export class Lookups {
  private readonly rows = new Map<Kind, Map<string, Row>>();
  private readonly read: { readonly [K in Kind]: Map<string, Kinds[K]> } = {
    region: new Map(),
    branch: new Map(),
    category: new Map(),
    price_list: new Map(),
    tax: new Map(),
    cashier: new Map(),
    till_settings: new Map(),
  };

  /** Puts the newest version of a row in place; false when it is malformed and was left out. */
  apply(kind: Kind, row: Row): boolean {
    let rows = this.rows.get(kind);
    if (rows === undefined) this.rows.set(kind, (rows = new Map<string, Row>()));
    if (row.value === null) {
      rows.delete(row.key);
      this.read[kind].delete(row.key);
      return true;
    }
    if (!isFields(row.value) || !this.put(kind, row.key, row.value)) return false;
    rows.set(row.key, row);
    return true;
  }

  /** Every row as it came, for an image. */
  allRows(): Row[] {
    return [...this.rows.values()].flatMap((rows) => [...rows.values()]);
  }

  get regions(): ReadonlyMap<string, Region> {
    return this.read.region;
  }

  get branches(): ReadonlyMap<string, Branch> {
    return this.read.branch;
  }

  get categories(): ReadonlyMap<string, CategoryNode> {
    return this.read.category;
  }

  get priceLists(): ReadonlyMap<string, PriceList> {
    return this.read.price_list;
  }

  tax(taxClass: string, jurisdiction: string): Tax | null {
    return this.read.tax.get(`${jurisdiction}:${taxClass}`) ?? null;
  }

  /** Everybody, also those of other branches and those who left. */
  get people(): ReadonlyMap<string, Cashier> {
    return this.read.cashier;
  }

  /** Who may sign in at a branch. */
  cashiers(branchId: number): Cashier[] {
    return [...this.read.cashier.values()].filter(
      ({ active, branchIds }) => active && (branchIds.length === 0 || branchIds.includes(branchId)),
    );
  }

  settings(branchId: number): Settings {
    const branch = this.read.branch.get(String(branchId));
    const keys = branch === undefined ? [] : [`region:${branch.regionId}`];
    const parts = [...keys, `branch:${branchId}`].map((key) => this.read.till_settings.get(key));
    return settingsFrom(parts.filter((part) => part !== undefined));
  }

  private put(kind: Kind, key: string, value: Fields): boolean {
    const read = READERS[kind](key, value);
    if (read === null) return false;
    // The reader of a kind gives what its map holds; the compiler cannot follow that through a union.
    (this.read[kind] as Map<string, unknown>).set(key, read);
    return true;
  }
}
