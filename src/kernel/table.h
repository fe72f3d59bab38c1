/* The tables of this build; which of them a processor can run is in table.c. */
#ifndef MYE_KERNEL_TABLE_H
#define MYE_KERNEL_TABLE_H

#include "kernel/kernel.h"

extern const mye_kernels mye_kernels_base;
#if defined(__x86_64__)
extern const mye_kernels mye_kernels_avx2;
extern const mye_kernels mye_kernels_avx512;
#endif

#endif
