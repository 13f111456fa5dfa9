"""How good the answers were: splits, metrics, backtests."""
