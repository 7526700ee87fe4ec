"""What a sweep would do and cost; starts nothing."""
