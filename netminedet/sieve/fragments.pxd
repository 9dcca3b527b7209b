# What fragments.py calls of other compiled kernels.
from netminedet.sieve.moves cimport move
