"""Programs as newcomers write them that go wrong, what they are told, and the same programs with that followed."""
