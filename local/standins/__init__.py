"""The providers' services, stood in for on loopback: their real wire protocols, and real work behind them."""
