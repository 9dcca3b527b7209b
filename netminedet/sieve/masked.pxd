# What other compiled kernels may call of masked.py.
cdef Py_ssize_t unmask(
    unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end, unsigned char[::1] plain
) except -1 nogil
