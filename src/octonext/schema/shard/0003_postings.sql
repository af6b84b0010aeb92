-- What the journal means in goods and money: append-only postings and the running balances that
-- each equal the sum of their movements. Keys begin with the branch; (branch, device, seq) is the
-- receipt's own number, so no other id is needed. Big tables are partitioned by the month in which
-- the shard booked them; `posted_at` is the time of their push, whose row in `push` places them in the feeds.

CREATE TYPE sale_kind AS ENUM ('sale', 'return');

CREATE TABLE shift (
    branch_id     integer NOT NULL,
    device_id     integer NOT NULL,
    shift_id      uuid    NOT NULL,
    cashier_id    uuid,
    currency      text    NOT NULL,
    opened_at     timestamptz,
    closed_at     timestamptz,
    opening_float bigint  NOT NULL DEFAULT 0,
    -- what the drawer must hold: float, cash sales, refunds and cash moved
    cash_expected bigint  NOT NULL DEFAULT 0,
    cash_counted  bigint,
    sale_count    bigint  NOT NULL DEFAULT 0,
    sale_total    bigint  NOT NULL DEFAULT 0,
    return_count  bigint  NOT NULL DEFAULT 0,
    return_total  bigint  NOT NULL DEFAULT 0,
    xid           xid8    NOT NULL DEFAULT pg_current_xact_id(),
    id            bigint  GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (branch_id, device_id, shift_id)
) WITH (fillfactor = 70);
CREATE INDEX shift_feed ON shift (xid, id);

CREATE TABLE sale (
    branch_id          integer     NOT NULL,
    device_id          integer     NOT NULL,
    seq                bigint      NOT NULL,
    kind               sale_kind   NOT NULL,
    shift_id           uuid        NOT NULL,
    cashier_id         uuid        NOT NULL,
    -- what the till's clock said, and what we make of it
    till_at            timestamptz NOT NULL,
    occurred_at        timestamptz NOT NULL,
    business_date      date        NOT NULL,
    currency           text        NOT NULL,
    total              bigint      NOT NULL,
    net                bigint      NOT NULL,
    tax                bigint      NOT NULL,
    discount           bigint      NOT NULL CHECK (discount >= 0),
    rounding           bigint      NOT NULL,
    paid               bigint      NOT NULL,
    line_count         integer     NOT NULL CHECK (line_count > 0),
    original_branch_id integer,
    original_device_id integer,
    original_seq       bigint,
    -- the receipt given back is another shard's: head office completes the picture
    foreign_original   boolean     NOT NULL,
    -- whose receipt it is, in `customer`; no reporting view shows it
    customer_id        uuid,
    posted_at          timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, posted_at),
    CHECK (total = net + tax),
    CHECK (paid = total + rounding),
    CHECK (CASE kind WHEN 'sale' THEN total >= 0 AND tax >= 0 ELSE total <= 0 AND tax <= 0 END),
    CHECK (kind = 'return' OR original_seq IS NULL)
) PARTITION BY RANGE (posted_at);
CREATE INDEX sale_original ON sale (original_branch_id, original_device_id, original_seq)
    WHERE original_seq IS NOT NULL;

CREATE TABLE sale_line (
    branch_id     integer     NOT NULL,
    device_id     integer     NOT NULL,
    seq           bigint      NOT NULL,
    line_no       integer     NOT NULL,
    kind          sale_kind   NOT NULL,
    product_id    uuid        NOT NULL,
    quantity      bigint      NOT NULL,
    unit_price    bigint      NOT NULL CHECK (unit_price >= 0),
    discount      bigint      NOT NULL CHECK (discount >= 0),
    net           bigint      NOT NULL,
    tax           bigint      NOT NULL,
    total         bigint      NOT NULL,
    tax_code      text        NOT NULL,
    rate_ppm      integer     NOT NULL CHECK (rate_ppm >= 0),
    original_line integer,
    currency      text        NOT NULL,
    business_date date        NOT NULL,
    occurred_at   timestamptz NOT NULL,
    posted_at     timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at),
    CHECK (total = net + tax),
    CHECK (CASE kind WHEN 'sale' THEN quantity > 0 AND total >= 0 ELSE quantity < 0 AND total <= 0 END)
) PARTITION BY RANGE (posted_at);

CREATE TABLE sale_payment (
    branch_id     integer     NOT NULL,
    device_id     integer     NOT NULL,
    seq           bigint      NOT NULL,
    payment_no    integer     NOT NULL,
    tender        text        NOT NULL,
    amount        bigint      NOT NULL CHECK (amount <> 0),
    tendered      bigint      CHECK (tendered >= amount),
    reference     text,
    currency      text        NOT NULL,
    business_date date        NOT NULL,
    occurred_at   timestamptz NOT NULL,
    posted_at     timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, payment_no, posted_at)
) PARTITION BY RANGE (posted_at);

-- The tax block of a receipt: what was taxed at which rate, and the tax in it. Its lines say so.
CREATE VIEW sale_tax AS
    SELECT branch_id, device_id, seq, tax_code, rate_ppm, sum(net)::bigint AS net,
           sum(tax)::bigint AS tax, posted_at
      FROM sale_line
     GROUP BY branch_id, device_id, seq, posted_at, tax_code, rate_ppm;

-- Goods that came or went without a sale or a return.
CREATE TABLE stock_adjustment (
    branch_id   integer     NOT NULL,
    device_id   integer     NOT NULL,
    seq         bigint      NOT NULL,
    line_no     integer     NOT NULL,
    product_id  uuid        NOT NULL,
    quantity    bigint      NOT NULL,
    reason      text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    posted_at   timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at)
) PARTITION BY RANGE (posted_at);

-- Every movement of stock. That of a receipt's line is the line itself, written once.
CREATE VIEW stock_movement AS
    SELECT branch_id, device_id, seq, line_no, product_id, -quantity AS quantity, kind::text AS reason,
           occurred_at, posted_at
      FROM sale_line
     UNION ALL
    SELECT branch_id, device_id, seq, line_no, product_id, quantity, reason, occurred_at, posted_at
      FROM stock_adjustment;

CREATE TABLE stock_balance (
    branch_id  integer NOT NULL,
    product_id uuid    NOT NULL,
    on_hand    bigint  NOT NULL,
    PRIMARY KEY (branch_id, product_id)
) WITH (fillfactor = 70);

CREATE TABLE ledger_line (
    branch_id     integer     NOT NULL,
    device_id     integer     NOT NULL,
    seq           bigint      NOT NULL,
    line_no       integer     NOT NULL,
    account       integer     NOT NULL CHECK (account BETWEEN 1000 AND 9999),
    debit         bigint      NOT NULL CHECK (debit >= 0),
    credit        bigint      NOT NULL CHECK (credit >= 0),
    currency      text        NOT NULL,
    business_date date        NOT NULL,
    posted_at     timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, line_no, posted_at),
    CHECK ((debit = 0) <> (credit = 0))
) PARTITION BY RANGE (posted_at);

-- Debits equal credits for every entry of every statement that writes to the ledger, whoever writes.
CREATE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_entry record;
BEGIN
    SELECT branch_id, device_id, seq, sum(debit) AS debit, sum(credit) AS credit INTO v_entry
      FROM added GROUP BY branch_id, device_id, seq HAVING sum(debit) <> sum(credit) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger entry %-%-% is not balanced: debit %, credit %',
            v_entry.branch_id, v_entry.device_id, v_entry.seq, v_entry.debit, v_entry.credit
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_balanced AFTER INSERT ON ledger_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unbalanced();

-- One row per till and account: tills of a branch never wait for each other here.
CREATE TABLE account_balance (
    branch_id integer NOT NULL,
    device_id integer NOT NULL,
    account   integer NOT NULL,
    currency  text    NOT NULL,
    debit     bigint  NOT NULL,
    credit    bigint  NOT NULL,
    PRIMARY KEY (branch_id, device_id, account, currency)
) WITH (fillfactor = 70);

-- What happened at the till without moving goods or money: voids, price overrides, drawer openings, copies
-- of receipts, another cashier; and what a posting has no place for: why there was a discount, who approved.
CREATE TABLE till_event (
    branch_id  integer     NOT NULL,
    device_id  integer     NOT NULL,
    seq        bigint      NOT NULL,
    kind       text        NOT NULL,
    shift_id   uuid        NOT NULL,
    cashier_id uuid        NOT NULL,
    detail     jsonb       NOT NULL,
    till_at    timestamptz NOT NULL,
    posted_at  timestamptz NOT NULL,
    PRIMARY KEY (branch_id, device_id, seq, posted_at)
) PARTITION BY RANGE (posted_at);

GRANT SELECT ON shift, sale, sale_line, sale_payment, sale_tax, stock_adjustment, stock_movement,
    stock_balance, ledger_line, account_balance, till_event TO octonext_app;
