from netminedet.sieve.walk cimport *
from netminedet.sieve.links cimport link
from netminedet.sieve.over_ip cimport ip_payload, ipv4, ipv6
from netminedet.sieve.tags cimport ethertype
