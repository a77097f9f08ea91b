"""HubSpot's HTTP interface over one account, the same for every version of a path."""
