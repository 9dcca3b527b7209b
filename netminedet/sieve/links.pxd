from netminedet.sieve.walk cimport *
from netminedet.sieve.wireless cimport wrapped_link, wifi

cdef int link(Walk walk) noexcept nogil
