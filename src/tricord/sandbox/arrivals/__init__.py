"""What the boxes of alert destinations share: keeping what arrived, showing it, refusing it."""
