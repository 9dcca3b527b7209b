from netminedet.sieve.walk cimport *

cdef int ethertype(Walk walk) noexcept nogil
