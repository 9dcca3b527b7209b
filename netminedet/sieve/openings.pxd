# What other compiled kernels may call of openings.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.shapes cimport (
    begins_head, lacks_socks4, lacks_socks5, like_hello, like_key, like_setup, peer_shape
)
from netminedet.sieve.stash cimport Stash


@cython.final
cdef class Openings:
    cdef unsigned int[::1] first
    cdef unsigned int[::1] places
    cdef unsigned char[::1] text
    cdef unsigned char[::1] peers
    cdef bint peers_wanted
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef Found found
    cdef Stash stash

    cdef int opens(
        self, unsigned char[::1] data, Py_ssize_t column, int context, bint opens_flow
    ) except -1 nogil
    cdef unsigned int begin(
        self,
        unsigned char[::1] data,
        Py_ssize_t column,
        Py_ssize_t base,
        int side,
        int context,
        bint opens_flow,
    ) except 0x10000 nogil
    cdef unsigned int go_on(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t base, int side, int context
    ) except 0x10000 nogil
    cdef int _begun(
        self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, bint opens_flow
    ) except -1 nogil
    cdef int _is_whole(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef Py_ssize_t _agreeing(
        self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, Py_ssize_t literal
    ) except -1 nogil
