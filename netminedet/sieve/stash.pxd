# What other compiled kernels may call of stash.py, and the types of its attributes.
cimport cython
from netminedet.sieve.found cimport Found
from netminedet.sieve.moves cimport move


@cython.final
cdef class Stash:
    cdef unsigned long long[::1] rows
    cdef Found found
    cdef unsigned char[::1] memory
    cdef unsigned int[::1] lengths
    cdef unsigned long long[::1] key0
    cdef unsigned long long[::1] key1
    cdef Py_ssize_t next
    cdef Py_ssize_t message_next
    cdef unsigned long long[::1] message_at
    cdef unsigned long long message_end
    cdef unsigned long long displaced
    cdef unsigned long long too_long

    cdef Py_ssize_t slot_of(self, Py_ssize_t base, int side) except -2 nogil
    cdef Py_ssize_t place(self, Py_ssize_t slot) except -1 nogil
    cdef int begin_message(self, Py_ssize_t base, int side) except -1 nogil
    cdef int has_room(self, Py_ssize_t base, int side, Py_ssize_t more) except -1 nogil
    cdef int keep(
        self,
        unsigned char[::1] data,
        Py_ssize_t base,
        int side,
        Py_ssize_t start,
        Py_ssize_t end,
        bint goes_on,
    ) except -1 nogil
    cdef int take(self, Py_ssize_t slot, Py_ssize_t hit) except -1 nogil
    cdef int drop(self, Py_ssize_t base, int side) except -1 nogil
    cdef int free(self, Py_ssize_t slot) except -1 nogil
    cdef Py_ssize_t _new_slot(self, Py_ssize_t base, int side, bint has_anchor) except -2 nogil
    cdef int _make_room(self, Py_ssize_t slot, Py_ssize_t more) except -1 nogil
