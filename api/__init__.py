"""The Flask application: HTTP and pages over ``vision``."""
