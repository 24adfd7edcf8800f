"""What the words of a search mean: attributes, prices, typing errors, completions."""
