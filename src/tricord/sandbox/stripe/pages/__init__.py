"""What people see and push: the sandbox's own page, the hosted invoice, and the controls."""
