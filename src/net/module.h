/*
 * Modules: parts of a network that learn from losses of their own, and that no gradient leaves. A
 * depth rule makes them (rules.h); a network that none has cut is one module, whose loss is that of
 * its output.
 */
#ifndef MYE_MODULE_H
#define MYE_MODULE_H

#include <stddef.h>

struct mye_loss;

/* A value that a loss reads. */
typedef struct mye_head {
    int output;                  /* node                                                     */
    const struct mye_loss *loss; /* NULL: the loss that the run was asked for                */
    const void *options;         /* of that loss; lives as long as the model                 */
    double weight;               /* factor on the loss; 0: the value is collected, not learned */
} mye_head;

enum { MYE_MODULE_MAX_HEADS = 3 };

/* Weights that no gradient moves: after an epoch they are solved from what a head has collected. */
typedef struct mye_fit_rule {
    int node;     /* a dense node without bias; 0: the module has no such weights        */
    int head;     /* of the module: its value is the node's input                        */
    double ridge; /* of least_squares.h                                                  */
} mye_fit_rule;

/* Everything that belongs to a module is one range: of nodes, of weights (and so of gradients and of
 * the optimiser's state) and of buffers. So it can be moved to another machine as a whole. */
typedef struct mye_module {
    int first, last; /* nodes: those of the network, then those that only serve its losses */
    int n_heads;     /* the first one's loss is the module's loss in reports */
    mye_head head[MYE_MODULE_MAX_HEADS];
    mye_fit_rule fit;
    size_t param, n_params;   /* floats of the model's blocks param and grad */
    size_t buffer, n_buffers; /* floats of the model's block buffer          */
} mye_module;

#endif
