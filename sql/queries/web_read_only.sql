-- Make the rest of this transaction read only, in the reader's role where we are a member of it.
SELECT
    set_config('transaction_read_only', 'on', true) AS is_read_only,
    set_config(
        'role',
        coalesce(
            (
                SELECT CAST(r.rolname AS text)
                FROM pg_roles AS r
                WHERE r.rolname = 'risk_reader' AND pg_has_role(session_user, r.oid, 'MEMBER')
            ),
            'none'
        ),
        true
    ) AS role
