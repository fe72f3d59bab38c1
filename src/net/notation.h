/* Between notation.c, which takes the text apart, and notation_layers.c, which adds the layers. */
#ifndef MYE_NOTATION_H
#define MYE_NOTATION_H

#include "net/graph.h"

#define MYE_NOTATION_FEEDBACKS 16

/* FB(layers), until the last neuron of the text is known: the node, and the text in parentheses. */
typedef struct mye_notation_feedback {
    int node;
    const char *begin, *end;
} mye_notation_feedback;

typedef struct mye_notation {
    mye_graph *graph;
    const char *text; /* all of it, for positions           */
    int at;           /* the last node                      */
    int depth;        /* of groups                          */
    bool waiting;     /* `op` waits to see what follows it: */
    bool has_bias;    /* its bias is given as an option     */
    char op[32], options[MYE_METHOD_MAX];
    const char *begin; /* of the waiting layer */
    mye_notation_feedback feedback[MYE_NOTATION_FEEDBACKS];
    int n_feedback;
    mye_error *err;
} mye_notation;

/* One layer, taken apart: 64 C 3 s2 p1 (options). */
typedef struct mye_notation_token {
    const char *begin, *end;
    char number[16], word[24], size[16]; /* "64", "c" (small letters), "3" */
    int stride, padding, groups;         /* -1: not given                  */
    const char *options;                 /* NULL: no parentheses           */
    int n_options;
    bool is_broken; /* only begin, end and perhaps word are right */
} mye_notation_token;

/* "'TOKEN' at position 5 of the network: what" */
mye_status mye_notation_fail(mye_notation *r, const char *begin, const char *end, const char *what);
mye_status mye_notation_layer(mye_notation *r, const mye_notation_token *t);
/* Reads items behind r->at (notation.c). */
mye_status mye_notation_items(mye_notation *r, const char *begin, const char *end);
/* Adds what the FBs of the text, whose first node is `first`, feed back (notation_feedback.c). */
mye_status mye_notation_close(mye_notation *r, int first);
/* Adds the layer that waits for its bias, at the end of the text. */
mye_status mye_notation_settle(mye_notation *r, bool before_norm);

#endif
