"""Commands a person types. `tricord --help` imports nothing but click."""
