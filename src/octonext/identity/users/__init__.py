"""People at the API: users with passwords and roles, and what each role may do."""
