"""The firm's rules as plain values. Reading them from a file happens in `tricord.app`."""
