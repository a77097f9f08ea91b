"""One file per habit; each rule is a generator over the account. Reached only through `decide`."""
