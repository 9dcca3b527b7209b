# What other compiled kernels may call of handshakes.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.stash cimport Stash


@cython.final
cdef class Handshakes:
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef Found found
    cdef Stash stash
    cdef Py_ssize_t walk_at
    cdef Py_ssize_t walk_end

    cdef unsigned int begin_hello(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t start, Py_ssize_t base, int side, int context
    ) except 0x10000 nogil
    cdef unsigned int continue_hello(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t base, int side
    ) except 0x10000 nogil
    cdef unsigned int kept_hello(
        self, Py_ssize_t column, Py_ssize_t base, int side
    ) except 0x10000 nogil
    cdef unsigned int begin_certificate(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t base, int side, int context
    ) except 0x10000 nogil
    cdef unsigned int continue_certificate(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t base, int side
    ) except 0x10000 nogil
    cdef Py_ssize_t _leaf_end(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -2 nogil
    cdef int _step(self, unsigned char[::1] data, Py_ssize_t end, Py_ssize_t count) except -2 nogil
