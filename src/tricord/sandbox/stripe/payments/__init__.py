"""How money moves: payment intents, charges, refunds, disputes, and the balance behind them."""
