"""The leak test: what one customer leaves in a pod must not be there for the next. `make leak-test`."""
