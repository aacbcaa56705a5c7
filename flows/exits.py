"""Every minute: what past crashes and open orders would leave of the account, sizes, changed ladders."""

from __future__ import annotations

from dataclasses import replace

from prefect import flow

from flows import desk, steps
from risk import advice, positions
from risk.adapters import settings, store


@flow
def exits() -> None:
    """Store the stress table, the sizes and the shocks, newest only, and look at ladders and open orders.

    Does nothing without an API key.
    """
    config = settings.load()
    if not config.watches_account:
        return
    limits, moment = config.limits, desk.now()
    with desk.database() as db:
        state = store.latest_state(
            db, config.symbols, account=config.account, watches_account=True, now=moment
        )
        state = replace(state, instruments=store.instruments(db))
        symbols = sorted({*state.symbols, *(position.symbol for position in state.positions)})
        ladders = store.ladders(db, symbols)
        bars = store.extremes(db, config.symbols, "1h", int(limits.sizing["trailing_bars"]))
        store.save_size_advice(db, advice.sizes(state, limits, ladders, bars, moment, account=config.account))
        ways = store.ways_out(db, symbols, moment, limits.ages_s)
        found = positions.stressed(
            state.account, state.positions, ladders, store.scenarios(db), advice.betas(state), ways
        )
        store.save_stress(db, config.account, found, moment)
    steps.refresh_ladders(position.symbol for position in state.positions)
    try:
        steps.read_orders()
    finally:
        steps.store_shocks()
