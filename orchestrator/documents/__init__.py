"""What programs may rely on: JSON documents of the commands and their schemas."""
