# What other compiled kernels may call of early.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.moves cimport move


@cython.final
cdef class Early:
    cdef unsigned long long[::1] rows
    cdef unsigned int[::1] segment_seq
    cdef unsigned int[::1] segment_len
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef Found found
    cdef unsigned char[::1] memory
    cdef unsigned long long[::1] key0
    cdef unsigned long long[::1] key1
    cdef unsigned int[::1] seq
    cdef unsigned int[::1] length
    cdef unsigned int[::1] kept
    cdef unsigned int[::1] syn
    cdef unsigned long long[::1] stamp
    cdef unsigned int[::1] stale
    cdef unsigned long long clock
    cdef unsigned long long seed
    cdef Py_ssize_t free_slot
    cdef Py_ssize_t oldest
    cdef Py_ssize_t stalest
    cdef Py_ssize_t before
    cdef Py_ssize_t older_syn
    cdef Py_ssize_t waiting
    cdef unsigned long long displaced
    cdef unsigned long long too_long

    cdef Py_ssize_t hold(
        self, unsigned char[::1] data, Py_ssize_t column, Py_ssize_t base, int side, bint is_idle
    ) except -2 nogil
    cdef int hold_syn(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef Py_ssize_t syn_of(self, Py_ssize_t base, int side) except -2 nogil
    cdef Py_ssize_t next_of(self, Py_ssize_t base, int side) except -2 nogil
    cdef long long ahead_of(self, Py_ssize_t slot, Py_ssize_t base, int side) except 0x100000000 nogil
    cdef int hand_on(self, Py_ssize_t column, Py_ssize_t base, int side, int context) except -1 nogil
    cdef int free(self, Py_ssize_t slot) except -1 nogil
    cdef Py_ssize_t _first_of(self, Py_ssize_t base, int side) except -1 nogil
    cdef int _holds(self, Py_ssize_t slot, Py_ssize_t base, int side) except -1 nogil
    cdef int _survey(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef Py_ssize_t _make_room(self) except -1 nogil
    cdef int _fill(
        self, Py_ssize_t slot, Py_ssize_t column, Py_ssize_t base, int side, Py_ssize_t length
    ) except -1 nogil
    cdef int _is_stray(self, Py_ssize_t slot, Py_ssize_t base, int side) except -1 nogil
    cdef Py_ssize_t _nearest(self, Py_ssize_t base, int side) except -2 nogil
