# What other compiled kernels may call of found.py, and the types of its attributes.
cimport cython
from netminedet.sieve.moves cimport move


@cython.final
cdef class Found:
    cdef unsigned int[:] segment_seq
    cdef unsigned int[:] segment_len
    cdef unsigned int[:] payload_len
    cdef unsigned long long[:] key0
    cdef unsigned long long[:] key1
    cdef int[:] row
    cdef unsigned int[:] side
    cdef unsigned int[:] tcp_flags
    cdef unsigned int[:] kind
    cdef unsigned int[:] column
    cdef unsigned int[:] at
    cdef unsigned int[:] length
    cdef unsigned int[:] prefix_at
    cdef unsigned int[:] prefix_len
    cdef unsigned int[:] context
    cdef unsigned int[:] seq
    cdef unsigned int[:] expected
    cdef unsigned int[:] acknowledged
    cdef unsigned char[:] joined
    cdef Py_ssize_t joined_used
    cdef Py_ssize_t count
    cdef unsigned long long not_joined

    cdef Py_ssize_t add(
        self, int kind, Py_ssize_t column, Py_ssize_t at, Py_ssize_t length, int context
    ) except -1 nogil
    cdef int put_before(
        self, Py_ssize_t hit, unsigned char[:] data, Py_ssize_t start, Py_ssize_t length
    ) except -1 nogil
    cdef int bring(self, Py_ssize_t hit, unsigned char[:] data) except -1 nogil
