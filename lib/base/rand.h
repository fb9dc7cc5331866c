// Random bytes out of a pool that is refilled from the kernel 512 bytes at a time (one system call
// per request was 265 ns). Bytes given out are wiped from the pool. Not for several threads.
#pragma once
#include <stddef.h>
#include <stdint.h>

void rd_rand(void *out, size_t len);
uint32_t rd_rand_upto(uint32_t max); // uniform in 0..max, both included
void rd_rand_forked(void); // call in a child process: drops what it shares with its parent
