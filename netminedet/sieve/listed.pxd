# What other compiled kernels may call of listed.py, and the types of its attributes.
cimport cython


@cython.final
cdef class NameSet:
    cdef unsigned long long[::1] table
    cdef unsigned long long table_mask
    cdef unsigned char[::1] name
    cdef unsigned long long[::1] watched_names
    cdef bint watching

    cdef int listed(self, Py_ssize_t length) except -1 nogil
    cdef int probe(self, unsigned long long value) except -1 nogil
    cdef int watched(self, unsigned long long value) except -1 nogil
    cdef int put(self, Py_ssize_t i, int byte) except -1 nogil
