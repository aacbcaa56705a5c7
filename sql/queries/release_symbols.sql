-- Give up all stream leases of a holder.
DELETE FROM risk.stream_lease
WHERE holder = :holder
