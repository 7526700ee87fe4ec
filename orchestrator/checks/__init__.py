"""What is refused before work starts."""
