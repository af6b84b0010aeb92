/** The protocol's name and limits: `docs/sync-protocol.md`, section 6. */

export const PROTOCOL = "octonext.sync.v1";
/** The largest frame either side accepts, in bytes of UTF-8. */
export const FRAME_BYTES_MAX = 256 * 1024;
/** Entries in one push unless the credits say more. */
export const PUSH_ENTRIES_DEFAULT = 64;
/** Entries in one push, whatever the credits say. */
export const PUSH_ENTRIES_MAX = 512;
/** New wrapped keys in one push. */
export const PUSH_KEYS_MAX = 64;
/** Rows in one packed delta. */
export const PACKED_ROWS_MAX = 5_000;
/** Seconds a connection may take to say `hello`. */
export const HELLO_TIMEOUT_S = 10;
/** Seqs of branches, devices and entries: far above what a till writes, below what JSON numbers hold. */
export const SEQ_MAX = 2 ** 46;
export const NUMBER_MAX = 2 ** 31 - 1;
/** An entry's JSON is at most this long, so that it fits a frame. */
export const ENTRY_BYTES_MAX = 150_000;
/** Lines on one receipt. */
export const LINES_MAX = 2_000;
/** Tenders on one receipt. */
export const PAYMENTS_MAX = 16;
/** Minor units in any one figure. */
export const AMOUNT_MAX = 10 ** 12;
/** One piece, or one kilogram. */
export const THOUSANDTHS = 1_000;
/** Thousandths on one line: ten million pieces. */
export const QUANTITY_MAX = 10 ** 10;
/** Characters (code points) of a text in an entry. */
export const TEXT_MAX = 200;
/** Characters of a tender, a tax code or an adjustment's reason. */
export const CODE_MAX = 40;
/** One million parts. */
export const PPM = 1_000_000;
