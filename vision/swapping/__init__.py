"""One collection takes the place of another: both live at once, compared on live searches, switched, switched back."""
