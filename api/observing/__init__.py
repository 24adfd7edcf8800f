"""What goes on inside: figures, a line for each request, and spans."""
