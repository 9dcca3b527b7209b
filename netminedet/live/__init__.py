"""The live mode: packets from interfaces for weeks on end, and events as hosts become suspects."""
