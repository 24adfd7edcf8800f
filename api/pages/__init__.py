"""What people see: each page is written here and taken over by its modules in `api/web/static`."""
