-- Signing in at a till with the shard's help: how often a till and a code were wrong, and when they may ask again.

CREATE TABLE sign_in_count (
    -- 'device': the till that asks; 'cashier': the code that was asked for, whether anybody has it or not
    whose     text        NOT NULL CHECK (whose IN ('device', 'cashier')),
    key       text        NOT NULL CHECK (length(key) BETWEEN 1 AND 80),
    -- What head office says that ends a lock-out: of a cashier the PIN, of a till when it was unlocked.
    mark      text        NOT NULL,
    failures  integer     NOT NULL CHECK (failures >= 0),
    failed_at timestamptz NOT NULL,
    -- the same before the attempt that is looked at now, which counts as wrong until it was right
    failed_before timestamptz,
    -- not asked before
    free_at   timestamptz NOT NULL,
    PRIMARY KEY (whose, key)
);

-- How long whoever was wrong so often in a row waits: nothing at first, then twice as long each time.
CREATE FUNCTION sign_in_wait(
    p_failures integer, p_free integer, p_most integer, p_first interval, p_longest interval, p_locked interval
) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN p_failures < p_free THEN interval '0'
                WHEN p_failures >= p_most THEN p_locked
                ELSE least(p_first * power(2, p_failures - p_free), p_longest) END
$$;

-- By which a code is found: in the morning every till of a chain signs somebody in.
CREATE INDEX reference_cashier_code ON reference ((payload ->> 'code')) WHERE kind = 'cashier';

-- A code is a region's: the same one may be somebody else's in another.
CREATE FUNCTION sign_in_key(p_branch integer, p_code text) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT payload ->> 'region_id' FROM reference
                      WHERE kind = 'branch' AND key = p_branch::text), '') || ':' || p_code
$$;

-- Begins a sign-in: who it would be, and whether the PIN may be looked at. The attempt counts as a wrong
-- one until end_sign_in() takes it back, so that guesses made at the same time count as well.
-- status: 'ask'; 'locked_out' with how long to wait; 'fenced' when the till has a newer connection.
CREATE FUNCTION begin_sign_in(
    p_branch integer, p_device integer, p_epoch bigint, p_code text,
    p_cashier_free integer, p_cashier_most integer, p_device_free integer, p_device_most integer,
    p_first interval, p_longest interval, p_locked interval
) RETURNS TABLE (
    status text, wait_ms bigint, user_id uuid, pin_hash text, cashier_failures integer, device_failures integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_code   text := sign_in_key(p_branch, p_code);
    v_device text := p_device::text;
    v_mark   text;
    v_works  boolean;
    v_free   timestamptz;
    v_now    timestamptz;
BEGIN
    PERFORM FROM device_head h
      WHERE h.branch_id = p_branch AND h.device_id = p_device AND h.epoch = p_epoch;
    IF NOT FOUND THEN
        status := 'fenced';
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT (r.payload ->> 'user_id')::uuid, r.payload ->> 'pin_hash', md5(r.payload ->> 'pin_hash'),
           (r.payload ->> 'active')::boolean
           AND (r.payload -> 'branch_ids' = '[]' OR r.payload -> 'branch_ids' @> to_jsonb(p_branch))
      INTO user_id, pin_hash, v_mark, v_works
      FROM reference r
     WHERE r.kind = 'cashier' AND r.payload ->> 'code' = p_code
       AND r.region_id IS NOT DISTINCT FROM (SELECT b.region_id FROM reference b
                                              WHERE b.kind = 'branch' AND b.key = p_branch::text);
    -- Who does not work here is nobody here. The count is the code's all the same: the mark must not change
    -- with the branch that asks, or asking elsewhere would end a lock-out.
    IF NOT v_works THEN
        user_id := NULL;
        pin_hash := NULL;
    END IF;

    -- The code before the till, always: so two that ask at a time wait for each other, and never in a circle.
    INSERT INTO sign_in_count AS c (whose, key, mark, failures, failed_at, free_at)
    VALUES ('cashier', v_code, coalesce(v_mark, ''), 0, now(), now()),
           ('device', v_device, coalesce((SELECT r.payload ->> 'unlocked_at' FROM reference r
                                           WHERE r.kind = 'device' AND r.key = v_device), ''), 0, now(), now())
    ON CONFLICT (whose, key) DO UPDATE
       SET failures = CASE WHEN c.mark = excluded.mark AND c.failed_at > now() - p_locked
                           THEN c.failures ELSE 0 END,
           free_at = CASE WHEN c.mark = excluded.mark THEN c.free_at ELSE now() END,
           mark = excluded.mark;
    -- Not when the transaction began: another one that began later may have counted first.
    v_now := clock_timestamp();
    SELECT max(c.free_at) INTO v_free FROM sign_in_count c
     WHERE (c.whose, c.key) IN (('cashier', v_code), ('device', v_device));
    IF v_free > v_now THEN
        status := 'locked_out';
        wait_ms := ceil(extract(epoch FROM v_free - v_now) * 1000);
        RETURN NEXT;
        RETURN;
    END IF;

    status := 'ask';
    UPDATE sign_in_count c
       SET failures = c.failures + 1, failed_at = v_now,
           free_at = v_now + sign_in_wait(c.failures + 1, p_cashier_free, p_cashier_most,
                                          p_first, p_longest, p_locked)
     WHERE c.whose = 'cashier' AND c.key = v_code
    RETURNING c.failures, c.free_at INTO cashier_failures, v_free;
    wait_ms := ceil(extract(epoch FROM v_free - v_now) * 1000);
    UPDATE sign_in_count c
       SET failures = c.failures + 1, failed_before = c.failed_at, failed_at = v_now,
           free_at = v_now + sign_in_wait(c.failures + 1, p_device_free, p_device_most,
                                          p_first, p_longest, p_locked)
     WHERE c.whose = 'device' AND c.key = v_device
    RETURNING c.failures, c.free_at INTO device_failures, v_free;
    wait_ms := greatest(wait_ms, ceil(extract(epoch FROM v_free - v_now) * 1000));

    -- Last, and never waiting: whoever waited here could be waited for.
    DELETE FROM sign_in_count c
     WHERE (c.whose, c.key) IN (SELECT o.whose, o.key FROM sign_in_count o
                                 WHERE o.failed_at < now() - p_locked LIMIT 100 FOR UPDATE SKIP LOCKED);
    RETURN NEXT;
END $$;

-- The PIN was right: the code's count is over. The till only gets this attempt back, or whoever knows one
-- PIN could go on guessing everybody else's. Nor is it put off when the till was wrong last: where somebody signs
-- in every day, the mistypings of months would add up.
CREATE FUNCTION end_sign_in(p_branch integer, p_device integer, p_code text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM sign_in_count WHERE whose = 'cashier' AND key = sign_in_key(p_branch, p_code);
    UPDATE sign_in_count SET failures = greatest(failures - 1, 0), failed_at = coalesce(failed_before, failed_at),
                             free_at = now()
     WHERE whose = 'device' AND key = p_device::text;
$$;

-- Each wrong and each right PIN is an event of its own; a change from anywhere else is recorded row by row.
CALL audit_kept_table('sign_in_count', ARRAY['begin_sign_in', 'end_sign_in'], 'mark');

GRANT SELECT (whose, key, failures, failed_at, free_at) ON sign_in_count TO octonext_app;
REVOKE ALL ON FUNCTION sign_in_wait(integer, integer, integer, interval, interval, interval),
    sign_in_key(integer, text),
    begin_sign_in(integer, integer, bigint, text, integer, integer, integer, integer, interval, interval, interval),
    end_sign_in(integer, integer, text) FROM public;
GRANT EXECUTE ON FUNCTION
    begin_sign_in(integer, integer, bigint, text, integer, integer, integer, integer, interval, interval, interval),
    end_sign_in(integer, integer, text) TO octonext_app;
