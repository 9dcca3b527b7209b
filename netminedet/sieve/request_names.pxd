# What other compiled kernels may call of request_names.py, and the types of its attributes.
cimport cython
from netminedet.sieve.listed cimport NameSet


@cython.final
cdef class RequestNames:
    cdef NameSet names

    cdef int http(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int socks(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _target(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t limit) except -1 nogil
    cdef int _host(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t limit) except -1 nogil
    cdef int _socks5(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
    cdef int _plain(self, unsigned char[::1] data, Py_ssize_t at, Py_ssize_t stop) except -1 nogil
