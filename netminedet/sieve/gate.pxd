# What other compiled kernels may call of gate.py, and the types of its attributes.
cimport cython


@cython.final
cdef class Gate:
    cdef unsigned long long[::1] hashes
    cdef unsigned int[::1] kinds
    cdef unsigned long long mask
    cdef unsigned int[::1] first
    cdef unsigned long long[::1] masks
    cdef int verb

    cpdef Py_ssize_t passes_over(
        self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t anchor, Py_ssize_t end
    ) except -1 nogil
    cpdef Py_ssize_t too_deep(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef Py_ssize_t _object(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef Py_ssize_t _value(
        self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, unsigned long long key
    ) except -1 nogil
    cdef int _lacks(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef unsigned int _needed(
        self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end
    ) except? 0 nogil
    cdef unsigned int _kind(self, unsigned long long value) except? 0 nogil
