"""Who may ask what: the bridge's own keys, and the record of who asked."""
