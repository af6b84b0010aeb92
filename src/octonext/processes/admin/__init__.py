"""Commands for whoever runs the chain; all but `token reset-admin` speak to the API only."""
