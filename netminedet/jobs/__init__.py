"""Several processes at one scan: each takes whole files, or its share of the flows of a large one."""
