"""Tables of bounds: questions, their verdicts, and the views of one table."""
