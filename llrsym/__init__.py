"""llrsym."""
