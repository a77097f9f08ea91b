"""The REST interface 2010-04-01: who may call, how lists are paged, what each path does."""
