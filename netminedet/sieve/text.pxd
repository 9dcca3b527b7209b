# What other compiled kernels may call of text.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.gate cimport Gate
from netminedet.sieve.handshakes cimport Handshakes
from netminedet.sieve.masked cimport unmask
from netminedet.sieve.openings cimport Openings
from netminedet.sieve.shapes cimport begins_head, http_word, lacks_body, like_key, like_setup, plain_carrier, proxy_header
from netminedet.sieve.stash cimport Stash


@cython.final
cdef class TextScanner:
    cdef unsigned long long[::1] rows
    cdef unsigned int[::1] payload_at
    cdef unsigned int[::1] payload_len
    cdef unsigned int[::1] segment_len
    cdef unsigned int[::1] ports
    cdef unsigned short[::1] table
    cdef unsigned char[::1] accepts
    cdef unsigned char[::1] dull
    cdef Gate gate
    cdef bint has_gate
    cdef Openings openings
    cdef Handshakes handshakes
    cdef Found found
    cdef Stash stash
    cdef unsigned char[::1] data
    cdef unsigned char[::1] plain
    cdef bint first_payload
    cdef bint flight_begins
    cdef Py_ssize_t opened_at
    cdef bint tells
    cdef Py_ssize_t carrier_at

    cdef unsigned int look(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int state, int context
    ) except 0x10000 nogil
    cdef int opens(self, Py_ssize_t column, int context) except -1 nogil
    cdef int may_hold_message(self, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef unsigned int _continue(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int state, int context
    ) except 0x10000 nogil
    cdef unsigned int _continue_message(self, Py_ssize_t column, Py_ssize_t base, int side) except 0x10000 nogil
    cdef unsigned int _begin_flight(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int state, int context
    ) except 0x10000 nogil
    cdef unsigned int _look_for_names(
        self, Py_ssize_t column, Py_ssize_t base, int side, int context
    ) except 0x10000 nogil
    cdef unsigned int _search(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int state, int context
    ) except 0x10000 nogil
    cdef int _is_unfinished(
        self, Py_ssize_t column, Py_ssize_t base, int side, unsigned int before, int context
    ) except -1 nogil
    cdef int _lacks_end(self, Py_ssize_t start, Py_ssize_t end) except -1 nogil
    cdef int _is_cut_post(self, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _opens_carrier(self, Py_ssize_t base, Py_ssize_t start, Py_ssize_t end, int context) except -1 nogil
    cdef int _look_behind_mask(self, Py_ssize_t start, Py_ssize_t length) except -1 nogil
    cdef unsigned int _scan(self, Py_ssize_t at, Py_ssize_t end, unsigned int state) except 0x10000 nogil
    cdef int _is_gated(self) except -1 nogil
    cdef Py_ssize_t _after_dull(self, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef Py_ssize_t _object_start(self, Py_ssize_t at, Py_ssize_t end) except -2 nogil
