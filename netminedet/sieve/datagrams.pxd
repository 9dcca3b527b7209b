# What other compiled kernels may call of datagrams.py, and the types of its attributes.
cimport cython
from netminedet.sieve.budget cimport Budget
from netminedet.sieve.found cimport Found
from netminedet.sieve.shapes cimport peer_datagram


@cython.final
cdef class Datagrams:
    cdef unsigned int[::1] first
    cdef unsigned int[::1] places
    cdef unsigned char[::1] text
    cdef bint peers_wanted
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef unsigned int[::1] ports
    cdef Found found
    cdef Budget budget

    cdef int look(self, unsigned char[::1] data, Py_ssize_t column) except -1 nogil
    cdef int _begins(self, unsigned char[::1] data, Py_ssize_t start, Py_ssize_t length) except -1 nogil
