/* How far two spike trains are from each other. Times rise. */
#ifndef MYE_TRAIN_DISTANCE_H
#define MYE_TRAIN_DISTANCE_H

/* van Rossum 2001: (1/tau) times the integral of the squared difference of the trains, each filtered by
 * exp(-t/tau). 0: equal; 1/2 for one spike against none. */
double mye_van_rossum(const double *a, int n, const double *b, int m, double tau_ms);
/* Schreiber et al. 2003: correlation of the trains filtered by a Gaussian of deviation sigma; 1: equal;
 * 0 where one of them is empty. */
double mye_train_correlation(const double *a, int n, const double *b, int m, double sigma_ms);

#endif
