//! A deliberately vulnerable sample shop, loopback only, for the demo and the tests.
