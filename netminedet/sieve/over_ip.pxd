from netminedet.sieve.walk cimport *
from netminedet.sieve.over_udp cimport l2tp_v3, udp

cdef int ipv4(Walk walk) noexcept nogil
cdef int ipv6(Walk walk) noexcept nogil
cdef int ip_payload(Walk walk) noexcept nogil
