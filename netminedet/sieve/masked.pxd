# What other compiled kernels may call of masked.py.
cdef Py_ssize_t unmask(
    unsigned char[:] data, Py_ssize_t at, Py_ssize_t end, unsigned char[:] plain
) except -1 nogil
