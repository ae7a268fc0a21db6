"""Who may do what: accounts, roles, sessions, API keys, throttling, second factors, keys for what rests on disk."""
