"""The engine: absorbs what arrived, converges accounts, carries commands out. Crash-safe."""
