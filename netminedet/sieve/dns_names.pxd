# What other compiled kernels may call of dns_names.py, and the types of its attributes.
cimport cython
from netminedet.sieve.listed cimport NameSet


@cython.final
cdef class DnsNames:
    cdef NameSet names
    cdef unsigned int[::1] label_at

    cdef int look(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _asked(self, unsigned char[::1] data, Py_ssize_t labels) except -1 nogil
    cdef int _aliases(self, unsigned char[::1] data, Py_ssize_t first, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _alias(self, unsigned char[::1] data, Py_ssize_t first, Py_ssize_t at, Py_ssize_t end) except -1 nogil
