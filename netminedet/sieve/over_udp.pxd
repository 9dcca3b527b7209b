from netminedet.sieve.walk cimport *
from netminedet.sieve.wireless cimport wifi

cdef int udp(Walk walk) noexcept nogil
cdef int l2tp_v3(Walk walk) noexcept nogil
