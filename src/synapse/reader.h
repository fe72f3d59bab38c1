/*
 * A reader: one neuron in front of one pattern, with what learning rules need. Belongs to one thread.
 *
 * Gradients of all rules have one form: traces of the pattern, read at some times,
 *   g_i = sum_x mu_x x_i(t_x),   x_i(t) = sum over spikes of afferent i before t of c K(t - t_j),
 * so a rule only says when and how much.
 */
#ifndef MYE_READER_H
#define MYE_READER_H

#include "synapse/walk.h"

typedef struct mye_reader {
    mye_context *ctx;
    const mye_psp *psp;
    double theta;
    int32_t units;
    const mye_course *course;
    const double *w;           /* [units]                                                  */
    double *drive;             /* [course->n]                                              */
    double *gradient;          /* [units] what the rule adds to                            */
    mye_walk walk, other;      /* for rules, as all that follows                           */
    double *read_ms, *read_mu; /* [MYE_WALK_SPIKES + 1]                                    */
    double *spare;             /* [2 units]                                                */
    double *path;              /* [2 course->n]                                            */
    int64_t room;              /* events that drive and path are for                       */
    void *block;               /* all of these but drive and path, which is behind it      */
} mye_reader;

mye_status mye_reader_open(mye_context *ctx, const mye_psp *psp, double theta, int32_t units,
                           mye_reader *out, mye_error *err);
/* Room for patterns of n spikes. */
mye_status mye_reader_reserve(mye_reader *r, int64_t n, mye_error *err);
void mye_reader_close(mye_reader *r);
/* Sets the neuron in front of a pattern that there is room for. */
void mye_reader_face(mye_reader *r, const mye_course *course, const double *w);

/* out_i += sum_x mu[x] x_i(t_ms[x]); times rise. O(spikes + n). */
void mye_reader_trace(const mye_reader *r, int n, const double *t_ms, const double *mu,
                      double *out);

/* V of the walk's spikes and its peak, at the neuron's own threshold. */
void mye_reader_walk(mye_reader *r, bool peaks);
/* The maximum of V without resets; returns its time, < 0: V never rises above 0. */
double mye_reader_maximum(mye_reader *r, double *v_max);

/*
 * The k-th critical threshold: the largest theta at which the neuron fires k times when reset uses it
 * too (Guetig 2016). Found by bisection to a relative `tolerance`; then r->walk holds the run just
 * below it, whose spike *touch is the one that vanishes just above, and *t_ms is where V touches.
 * False: V never rises above 0, or k spikes cannot be had.
 */
bool mye_reader_critical(mye_reader *r, int k, double tolerance, double *theta, int *touch,
                         double *t_ms);

/* How a gradient deals with earlier spikes, whose times move with the weights. */
typedef struct mye_chain_mode {
    bool moves;      /* they move: else only C counts                                        */
    bool whole;      /* they move each other too; else each moves by its own slope alone     */
    bool normalised; /* by C: theta itself moves, as it does for a critical threshold        */
} mye_chain_mode;

/* Adds `sign` times the gradient of V at t_ms, behind the first `n` spikes of `walk` that fired at
 * `theta`, to r->gradient. */
void mye_reader_chain(mye_reader *r, const mye_walk *walk, int n, double t_ms, double theta,
                      mye_chain_mode mode, double sign);

#endif
