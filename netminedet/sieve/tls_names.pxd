# What other compiled kernels may call of tls_names.py, and the types of its attributes.
cimport cython
from netminedet.sieve.listed cimport NameSet


@cython.final
cdef class TlsNames:
    cdef NameSet names
    cdef Py_ssize_t der_at

    cdef int server_name(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int certified(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _alternatives(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _certified_name(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t size) except -1 nogil
    cdef Py_ssize_t _der_length(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -2 nogil
