"""What moves a search besides its words and its picture: likes, profiles, thresholds, categories, diversity."""
