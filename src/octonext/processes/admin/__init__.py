"""Commands for whoever runs the chain: catalogue, tokens, tills. All of them speak to the API only."""
