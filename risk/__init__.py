"""Risk desk for Binance USD-M traders: measures, scores, decisions and alerts."""
