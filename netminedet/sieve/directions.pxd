# The types of what is in directions.py.
cimport cython
from netminedet.sieve.datagrams cimport Datagrams
from netminedet.sieve.early cimport Early
from netminedet.sieve.flagged cimport Flagged
from netminedet.sieve.found cimport Found
from netminedet.sieve.openings cimport Openings
from netminedet.sieve.shapes cimport first_words
from netminedet.sieve.stash cimport Stash
from netminedet.sieve.text cimport TextScanner


@cython.final
cdef class Directions:
    cdef unsigned long long[::1] rows
    cdef unsigned int[::1] proto
    cdef unsigned int[::1] side
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef unsigned int[::1] segment_len
    cdef unsigned int[::1] seq
    cdef unsigned int[::1] tcp_flags
    cdef int[::1] row
    cdef readonly Found found
    cdef Stash stash
    cdef Early early
    cdef Datagrams datagrams
    cdef TextScanner text
    cdef readonly Flagged flagged
    cdef bint any_flagged
    cdef bint from_slot
    cdef bint behind_hole
    cdef unsigned long long retransmissions
    cdef unsigned long long out_of_order
    cdef unsigned long long not_captured
    cdef unsigned long long put_in_order
    cdef unsigned long long holes
    cdef unsigned long long used_again

    cdef int _tcp(self, Py_ssize_t column) except -1 nogil
    cdef int _opened(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _take_up(self, Py_ssize_t column, Py_ssize_t base, int side, int context) except -1 nogil
    cdef unsigned int _look(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int state, int context
    ) except 0x10000 nogil
    cdef int _hand_on(
        self, Py_ssize_t column, Py_ssize_t base, int side, int context, unsigned int state
    ) except -1 nogil
    cdef int _flags(self, Py_ssize_t base) except? -1 nogil
    cdef int _set_next(self, Py_ssize_t base, int side, unsigned long long number) except -1 nogil
    cdef int _set_state(self, Py_ssize_t base, int side, unsigned long long state) except -1 nogil
    cdef int _advance(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _settle(self, Py_ssize_t column, Py_ssize_t base, int side, int context) except -1 nogil
    cdef int _is_turn(self, Py_ssize_t base, int side) except -1 nogil
    cdef int _turn(self, Py_ssize_t base, int side, unsigned long long told) except -1 nogil
    cdef int _begin_flight(self, Py_ssize_t column, Py_ssize_t base, int side, int in_order) except -1 nogil
    cdef int _misplaced(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _again(self, Py_ssize_t base, long long ahead, long long length) except -1 nogil
    cdef int _out_of_order(
        self, Py_ssize_t column, Py_ssize_t base, int side, long long ahead
    ) except -1 nogil
    cdef int _begins_words(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _trim(self, Py_ssize_t column, Py_ssize_t count) except -1 nogil
    cdef int _renewed(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _hold(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _release(self, Py_ssize_t column, Py_ssize_t base, int side) except -1 nogil
    cdef int _take_early(self, Py_ssize_t column, Py_ssize_t base, int side, Py_ssize_t slot) except -1 nogil
    cdef int _take_kept(self, Py_ssize_t column, Py_ssize_t base, int side, Py_ssize_t slot) except -1 nogil
