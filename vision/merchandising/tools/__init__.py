"""What proposes: clusters, gap filling, audits, tagging, duplicates, all over the products of any search."""
