# What other compiled kernels may call of found.py, and the types of its attributes.
cimport cython
from netminedet.sieve.moves cimport move


@cython.final
cdef class Found:
    cdef unsigned int[::1] segment_seq
    cdef unsigned int[::1] segment_len
    cdef unsigned int[::1] payload_len
    cdef unsigned long long[::1] key0
    cdef unsigned long long[::1] key1
    cdef int[::1] row
    cdef unsigned int[::1] side
    cdef unsigned int[::1] tcp_flags
    cdef unsigned int[::1] kind
    cdef unsigned int[::1] column
    cdef unsigned int[::1] at
    cdef unsigned int[::1] length
    cdef unsigned int[::1] prefix_at
    cdef unsigned int[::1] prefix_len
    cdef unsigned int[::1] context
    cdef unsigned int[::1] seq
    cdef unsigned int[::1] expected
    cdef unsigned int[::1] acknowledged
    cdef unsigned char[::1] joined
    cdef Py_ssize_t joined_used
    cdef Py_ssize_t count
    cdef unsigned long long not_joined

    cdef Py_ssize_t add(
        self, int kind, Py_ssize_t column, Py_ssize_t at, Py_ssize_t length, int context
    ) except -1 nogil
    cdef int put_before(
        self, Py_ssize_t hit, unsigned char[::1] data, Py_ssize_t start, Py_ssize_t length
    ) except -1 nogil
    cdef int bring(self, Py_ssize_t hit, unsigned char[::1] data) except -1 nogil
