"""Before a desk starts: a key that could move money or trade is refused."""

from __future__ import annotations

from collections.abc import Callable

from risk.adapters.rest import Addresses, Credentials, Exchange
from risk.adapters.settings import Settings
from risk.errors import ExchangeError, SettingsError


def exchange_of(settings: Settings) -> Exchange:
    """A client of the exchange for a look at the start; the caller closes it."""
    places = settings.exchange
    credentials = None
    if settings.api_key is not None and settings.api_secret is not None:
        credentials = Credentials(settings.api_key.get_secret_value(), settings.api_secret.get_secret_value())
    addresses = Addresses(
        rest=places.rest_url, stream=places.stream_url, spot=places.spot_url, wallet=places.wallet_url
    )
    return Exchange(addresses, credentials)


def refuse_a_key_that_can_act(settings: Settings, tell: Callable[[str], None]) -> None:
    """Return when the key can only read, or when nobody can say: then the daily check says it later.

    An invalid key is no reason to stay down: the market is watched, and the alert key_rejected tells of it.

    Raises:
        SettingsError: the key may withdraw, transfer, or trade.
    """
    if not settings.watches_account:
        return
    try:
        with exchange_of(settings) as exchange:
            rights = exchange.key_restrictions()
    except ExchangeError as cause:
        tell(f"what the API key may do is not known yet: {cause}")
        return
    if rights.refusals:
        raise SettingsError(
            f"api_key: the exchange says that it may {', '.join(rights.refusals)}: this desk only reads; "
            "make a key with reading alone, best bound to your address"
        )
    for right in rights.warnings:
        tell(f"the API key has the right {right}, which this desk does not need")
    if rights.state == "unverified":
        tell(f"what the API key may do is not known yet: {rights.reason}")
