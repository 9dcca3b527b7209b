# What other compiled kernels may call of budget.py, and the types of its attributes.
cimport cython


@cython.final
cdef class Budget:
    cdef Py_ssize_t most
    cdef Py_ssize_t left
    cdef readonly unsigned long long passed

    cdef int begin(self) except -1 nogil
    cdef int allows(self) except -1 nogil
