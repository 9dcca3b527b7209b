from netminedet.sieve.walk cimport *

cdef int wrapped_link(Walk walk, int link) noexcept nogil
cdef int wifi(Walk walk) noexcept nogil
