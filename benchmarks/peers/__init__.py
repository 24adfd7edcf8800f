"""The product beside what people would use instead, on the same vectors, filters, words and machine."""
