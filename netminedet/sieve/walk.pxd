cdef int MAX_LAYERS
cdef int ON
cdef int DECODED
cdef int NON_IP
cdef int OTHER_TRANSPORT
cdef int PIECE
cdef int TRUNCATED
cdef int MALFORMED
cdef int UNKNOWN_LINK
cdef int TOO_DEEP
cdef int ENCRYPTED
cdef int NOT_UNWRAPPED
cdef int IP
cdef int LINK
cdef int ETHERNET
cdef int PPP
cdef int BY_VERSION
cdef int WIFI
cdef int LLC
cdef long long NO_ID

cdef class Walk:
    cdef unsigned char[::1] data
    cdef Py_ssize_t at
    cdef int next
    cdef Py_ssize_t end
    cdef Py_ssize_t wire
    cdef Py_ssize_t ip_at
    cdef Py_ssize_t chain_at
    cdef bint inside
    cdef bint padded
    cdef bint swapped
    cdef bint kept
    cdef Py_ssize_t kept_ip_at
    cdef Py_ssize_t kept_at
    cdef Py_ssize_t kept_end
    cdef Py_ssize_t kept_wire
    cdef bint kept_inside
    cdef Py_ssize_t target
    cdef int noted
    cdef int[::1] kinds
    cdef long long[::1] ids
    cdef long long[::1] carriers
    cdef unsigned long long tunnelled
    cdef unsigned long long ipsec
    cdef unsigned long long aggregated

    cdef int be16(self, Py_ssize_t at) noexcept nogil
    cdef long long be32(self, Py_ssize_t at) noexcept nogil
    cdef int le16(self, Py_ssize_t at) noexcept nogil
    cdef int lacks(self, Py_ssize_t size) noexcept nogil
    cdef int over(self, Py_ssize_t size, Py_ssize_t type_at) noexcept nogil
    cdef int to(self, Py_ssize_t size, int following) noexcept nogil
    cdef int ends_at(self, Py_ssize_t stop) noexcept nogil
    cdef int note(self, int kind, long long number, bint is_over_ip) noexcept nogil
    cdef int by_version(self) noexcept nogil
    cdef bint is_ip(self, Py_ssize_t at) noexcept nogil
    cdef bint is_ethernet(self, Py_ssize_t at) noexcept nogil
    cdef bint is_bridged_ip(self, Py_ssize_t at) noexcept nogil
    cdef bint is_ppp(self, Py_ssize_t at) noexcept nogil
    cdef int keep(self) noexcept nogil
    cdef int restore(self) noexcept nogil
