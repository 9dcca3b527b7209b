# What other compiled kernels may call of flagged.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.stash cimport Stash


@cython.final
cdef class Flagged:
    cdef unsigned long long[::1] rows
    cdef unsigned int[::1] side
    cdef unsigned int[::1] ip_at
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef unsigned int[::1] segment_len
    cdef unsigned int[::1] seq
    cdef unsigned int[::1] tcp_flags
    cdef int[::1] row
    cdef Found found
    cdef Stash stash
    cdef long long expected

    cdef Py_ssize_t hand_on(
        self, Py_ssize_t column, Py_ssize_t base, int side, int context, unsigned int state
    ) except -1 nogil
    cdef int hand_on_begun(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int note_acknowledged(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t hit
    ) except -1 nogil
    cdef int is_wanted(self, Py_ssize_t column, Py_ssize_t base, int side, int context) except -1 nogil
    cdef int pass_no_more(self, Py_ssize_t base, int side) except -1 nogil
    cdef int _lies_before(self, Py_ssize_t base, int side, long long number, long long length) except -1 nogil
    cdef int _set_half(self, Py_ssize_t base, int side, unsigned long long value) except -1 nogil
