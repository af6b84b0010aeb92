"""The catalogue's rows at head office; callers bring the transaction."""

from __future__ import annotations

from collections.abc import Mapping

#: What each constraint means to the person whose request meets it.
REFUSALS: Mapping[str, str] = {
    "product_sku_unique": "A product has this sku already.",
    "product_category_known": "There is no such category.",
    "barcode_pkey": "Another product has this barcode.",
    "barcode_gtin_unique": "Another product has this barcode, written with or without leading zeros.",
    "category_code_unique": "A category has this code already.",
    "category_parent_known": "There is no such parent category.",
    "price_list_code_unique": "A price list has this code already.",
    "price_list_region_currency": "There is no such region, or its currency is another one.",
    "price_list_branch_in_region": "The branch is not in the region of the price list.",
    "price_overlap": "Two prices of one product would hold on the same day.",
}
