/* The arithmetic of AugLocal, for its tests: see auglocal.c. */
#ifndef MYE_AUGLOCAL_H
#define MYE_AUGLOCAL_H

enum { MYE_AUGLOCAL_MAX = 256 };

/* Auxiliary hidden layers of hidden layer l, of K modules; a >= 1, 0 <= tau <= 1. */
int mye_auglocal_depth(int a, int K, int l, double tau);
/* Hidden layers that are copied for layer l of n: at most a_l, increasing, the last is n - 1. Returns
 * how many. */
int mye_auglocal_select(int n, int l, int a_l, int *index);

#endif
