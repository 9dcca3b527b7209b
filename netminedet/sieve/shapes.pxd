# What other compiled kernels may call of shapes.py.
cdef unsigned long long first_words(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except 1 nogil
cdef int http_word(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int begins_head(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int plain_carrier(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t body) except -1 nogil
cdef int lacks_body(
    unsigned char[::1] data, Py_ssize_t at, Py_ssize_t body, Py_ssize_t end
) except -1 nogil
cdef int like_setup(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef Py_ssize_t proxy_header(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int like_hello(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int like_key(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int lacks_socks4(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int lacks_socks5(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int peer_shape(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
cdef int peer_datagram(unsigned char[::1] data, Py_ssize_t at, Py_ssize_t end) except -1 nogil
