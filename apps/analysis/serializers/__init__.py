"""What clients send and see, by subject."""
