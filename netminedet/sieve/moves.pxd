# What other compiled kernels may call of moves.py.
cdef int move(
    unsigned char[::1] to, Py_ssize_t to_at, unsigned char[::1] source, Py_ssize_t at, Py_ssize_t length
) except -1 nogil
