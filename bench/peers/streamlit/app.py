"""The first view as one writes it with Streamlit: the newest scores, the parts of the worst, price and score over time.

`streamlit run app.py -- URL`
"""

from __future__ import annotations

import sys

import pandas as pd
import psycopg
import streamlit as st

SCORES = """
    SELECT DISTINCT ON (scope) scope, scored_at, composite, market, liquidity, leverage, sentiment, level
    FROM risk.score ORDER BY scope, scored_at DESC
"""
BARS = """
    SELECT open_at AS at, close::float8 AS close FROM risk.kline
    WHERE symbol = 'BTCUSDT' AND interval = '15m' ORDER BY open_at
"""
HISTORY = "SELECT scored_at AS at, composite FROM risk.score WHERE scope = 'BTCUSDT' ORDER BY scored_at"
DEPTH = "SELECT event_at AS at, bid_depth_1pct_usdt::float8 AS depth FROM risk.depth WHERE symbol = 'BTCUSDT'"
INTEREST = "SELECT event_at AS at, quantity::float8 AS coins FROM risk.open_interest WHERE symbol = 'BTCUSDT'"
POSITIONS = """
    SELECT symbol, quantity::float8, entry_price::float8, mark_price::float8, liquidation_price
    FROM risk.latest_position
"""


def read(statement: str) -> pd.DataFrame:
    with psycopg.connect(sys.argv[1]) as connection:
        cursor = connection.execute(statement)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])


@st.fragment(run_every=5)
def desk() -> None:
    scores = read(SCORES)
    for place, row in zip(st.columns(len(scores)), scores.itertuples(), strict=True):
        place.metric(row.scope, f"{row.composite:.0f}")
    st.dataframe(scores)
    st.dataframe(read(POSITIONS))
    for statement in (BARS, HISTORY, DEPTH, INTEREST):
        st.line_chart(read(statement).set_index("at"))
    st.caption("all drawn")


st.set_page_config(layout="wide")
desk()
