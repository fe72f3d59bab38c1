/* Pipeline: see pipeline.h. */
#include "train/pipeline.h"
#include "train/pipeline_told.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

typedef struct packet {
    mye_pipeline_batch batch;
    int32_t *label, *label_b;
    int64_t *index;
    float *mix, *weight, *image;
    unsigned char *room; /* of what is told */
    mye_told_sum told;
    void *border[MYE_PIPELINE_MAX]; /* behind stage s */
    double loss, squares;
    int64_t correct;
    mye_status status;
    mye_error err;
} packet;

/* First in, first out; never more than there are packets. */
typedef struct queue {
    packet *item[MYE_PIPELINE_PER_STAGE * MYE_PIPELINE_MAX];
    int first, n;
} queue;

typedef struct stage {
    mye_pipeline *p;
    mye_context *ctx;
    mye_run *run;
    int index;
    pthread_t thread;
    bool is_running;
    packet *at; /* the batch at work */
} stage;

struct mye_pipeline {
    mye_context *ctx;
    const mye_model *model;
    const mye_stepper *stepper;
    mye_pipeline_options options;
    mye_pipeline_source source;
    void *self;
    int n_stages, n_packets, under_way;
    int first[MYE_PIPELINE_MAX + 1]; /* modules */
    stage stage[MYE_PIPELINE_MAX];
    packet *packet;                      /* [n_packets] */
    packet *taken;                       /* whose result the caller looks at */
    queue waiting[MYE_PIPELINE_MAX + 1]; /* before each stage; behind the last */
    queue idle;
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

/* ---- queues ---- */

static void push(queue *q, packet *item)
{
    q->item[(q->first + q->n++) % (MYE_PIPELINE_PER_STAGE * MYE_PIPELINE_MAX)] = item;
}

static packet *pop(queue *q)
{
    packet *item = q->item[q->first];
    q->first = (q->first + 1) % (MYE_PIPELINE_PER_STAGE * MYE_PIPELINE_MAX);
    q->n--;
    return item;
}

/* The next packet of a queue; NULL when the pipeline ends. */
static packet *wait_for(mye_pipeline *p, queue *q)
{
    pthread_mutex_lock(&p->lock);
    while (q->n == 0 && !p->stop)
        pthread_cond_wait(&p->changed, &p->lock);
    packet *item = q->n > 0 ? pop(q) : NULL;
    pthread_mutex_unlock(&p->lock);
    return item;
}

static void hand_on(mye_pipeline *p, queue *q, packet *item)
{
    pthread_mutex_lock(&p->lock);
    push(q, item);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* ---- stages ---- */

static void move(void *self, int module)
{
    stage *s = self;
    const mye_pipeline *p = s->p;
    const double norm =
        mye_stepper_move(p->stepper, s->ctx, module, s->at->batch.when, p->options.clip);
    s->at->squares += norm * norm;
}

static void work(stage *s, packet *at)
{
    const mye_pipeline *p = s->p;
    const bool is_last = s->index == p->n_stages - 1;
    mye_step_result r;
    mye_source source = {0};
    s->at = at;
    if (s->index == 0)
        source = p->source(p->self, &at->batch);
    mye_run_set_border(s->run, s->index > 0 ? at->border[s->index - 1] : NULL,
                       is_last ? NULL : at->border[s->index]);
    at->status =
        mye_run_step(s->run, at->batch.B, source, &at->batch.target, at->batch.seed, &r, &at->err);
    if (at->status != MYE_OK)
        return;
    mye_told_sum_add(&at->told, s->run, &at->batch.target, at->batch.B, is_last);
    if (!is_last)
        return;
    at->loss = r.loss;
    at->correct = r.correct;
}

static void *run_stage(void *self)
{
    stage *s = self;
    mye_pipeline *p = s->p;
    for (packet *at; (at = wait_for(p, &p->waiting[s->index])) != NULL;) {
        if (at->status == MYE_OK)
            work(s, at);
        hand_on(p, &p->waiting[s->index + 1], at);
    }
    return NULL;
}

/* ---- making one ---- */

static mye_status make_stage(mye_pipeline *p, int i, mye_error *err)
{
    stage *s = &p->stage[i];
    mye_context_options own = MYE_CONTEXT_OPTIONS;
    own.threads = p->options.threads;
    own.kernels = mye_context_kernels(p->ctx);
    MYE_TRY(mye_context_create(&own, &s->ctx, err));
    const mye_run_options o = mye_pipeline_stage(&p->options, p->first, i);
    MYE_TRY(mye_run_create(s->ctx, p->model, &o, &s->run, err));
    mye_run_set_move(s->run, move, s);
    return MYE_OK;
}

static mye_status make_packet(mye_pipeline *p, packet *a, mye_error *err)
{
    const unsigned tells = p->options.run.tells;
    mye_arena arena = {NULL, SIZE_MAX, 0};
    mye_told_sum_place(&a->told, tells, p->options.run.B, &arena);
    a->room = mye_alloc(p->ctx, arena.used + MYE_ALIGN);
    const size_t B = (size_t)p->options.run.B, pixels = B * (size_t)p->options.sample;
    a->label = mye_alloc_array(p->ctx, 2 * B, sizeof *a->label);
    a->mix = mye_alloc_array(p->ctx, 2 * B, sizeof *a->mix);
    a->index = mye_alloc_array(p->ctx, B, sizeof *a->index);
    a->image = mye_alloc_array(p->ctx, pixels, sizeof *a->image);
    bool there = a->label && a->mix && a->index && a->image && a->room;
    for (int s = 0; s + 1 < p->n_stages; s++) {
        a->border[s] = mye_alloc_big_zero(p->ctx, mye_run_border_bytes(p->stage[s].run, true));
        there = there && a->border[s] != NULL;
    }
    if (!there)
        return mye_no_memory(err, pixels * sizeof(float), "the packets of a pipeline");
    a->label_b = a->label + B;
    a->weight = a->mix + B;
    arena = (mye_arena){a->room, arena.used + MYE_ALIGN, 0};
    mye_told_sum_place(&a->told, tells, p->options.run.B, &arena);
    push(&p->idle, a);
    return MYE_OK;
}

static mye_status make(mye_pipeline *p, mye_error *err)
{
    mye_pipeline_divide(p->model, p->n_stages, p->first);
    for (int i = 0; i < p->n_stages; i++)
        MYE_TRY(make_stage(p, i, err));
    p->packet = mye_alloc_array(p->ctx, (size_t)p->n_packets, sizeof *p->packet);
    if (p->packet == NULL)
        return mye_no_memory(err, (size_t)p->n_packets * sizeof *p->packet, "a pipeline");
    for (int i = 0; i < p->n_packets; i++)
        MYE_TRY(make_packet(p, &p->packet[i], err));
    for (int i = 0; i < p->n_stages; i++) {
        if (pthread_create(&p->stage[i].thread, NULL, run_stage, &p->stage[i]) != 0)
            return mye_fail(err, MYE_ERR_STATE, "the system gives no thread for stage %d of %d",
                            i + 1, p->n_stages);
        p->stage[i].is_running = true;
    }
    return MYE_OK;
}

mye_status mye_pipeline_create(mye_context *ctx, const mye_model *model, const mye_stepper *stepper,
                               const mye_pipeline_options *options, mye_pipeline_source source,
                               void *self, mye_pipeline **out, mye_error *err)
{
    *out = NULL;
    MYE_TRY(mye_pipeline_check(model, options, err));
    const int n = options->stages;
    mye_pipeline *p = mye_alloc(ctx, sizeof *p);
    if (p == NULL)
        return mye_no_memory(err, sizeof *p, "a pipeline");
    p->ctx = ctx;
    p->model = model;
    p->stepper = stepper;
    p->options = *options;
    p->source = source;
    p->self = self;
    p->n_stages = n;
    p->n_packets = MYE_PIPELINE_PER_STAGE * n;
    for (int i = 0; i < n; i++) {
        p->stage[i].p = p;
        p->stage[i].index = i;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    const mye_status status = make(p, err);
    if (status != MYE_OK)
        mye_pipeline_free(p);
    else
        *out = p;
    return status;
}

void mye_pipeline_free(mye_pipeline *p)
{
    if (p == NULL)
        return;
    mye_status status;
    mye_pipeline_result result;
    while (mye_pipeline_take(p, &result, &status, NULL)) {
    }
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_stages; i++) {
        if (p->stage[i].is_running)
            pthread_join(p->stage[i].thread, NULL);
        mye_run_free(p->stage[i].run);
        mye_context_free(p->stage[i].ctx);
    }
    for (int i = 0; p->packet != NULL && i < p->n_packets; i++) {
        mye_free(p->ctx, p->packet[i].label);
        mye_free(p->ctx, p->packet[i].mix);
        mye_free(p->ctx, p->packet[i].index);
        mye_free(p->ctx, p->packet[i].image);
        mye_free(p->ctx, p->packet[i].room);
        for (int s = 0; s + 1 < p->n_stages; s++)
            mye_free(p->ctx, p->packet[i].border[s]);
    }
    mye_free(p->ctx, p->packet);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    mye_free(p->ctx, p);
}

/* ---- batches ---- */

bool mye_pipeline_has_room(const mye_pipeline *p)
{
    return p->idle.n > 0;
}

static const void *keep(void *to, const void *from, size_t bytes)
{
    return from == NULL ? NULL : memcpy(to, from, bytes);
}

/* Each move of a module's weights leaves its gradient clear. While no batch is under way others may
 * have used the block. */
static void clear_gradient(mye_pipeline *p)
{
    if (p->under_way == 0 && !*p->model->grad_is_clear)
        memset(p->model->grad, 0, p->model->n_grads * sizeof(float));
    *p->model->grad_is_clear = true;
}

void mye_pipeline_put(mye_pipeline *p, const mye_pipeline_batch *batch)
{
    clear_gradient(p);
    packet *a = pop(&p->idle);
    const size_t B = (size_t)batch->B;
    mye_target *t = &a->batch.target;
    a->batch = *batch;
    t->label = keep(a->label, t->label, B * sizeof *a->label);
    t->label_b = keep(a->label_b, t->label_b, B * sizeof *a->label);
    t->mix = keep(a->mix, t->mix, B * sizeof(float));
    t->weight = keep(a->weight, t->weight, B * sizeof(float));
    const bool shown = t->image != NULL && t->image == batch->image;
    a->batch.image = keep(a->image, batch->image, B * (size_t)p->options.sample * sizeof(float));
    a->batch.index = keep(a->index, batch->index, B * sizeof *a->index);
    t->image = shown ? a->batch.image : NULL;
    a->status = MYE_OK;
    a->squares = 0;
    mye_told_sum_begin(&a->told, batch->B);
    p->under_way++;
    hand_on(p, &p->waiting[0], a);
}

bool mye_pipeline_take(mye_pipeline *p, mye_pipeline_result *out, mye_status *status,
                       mye_error *err)
{
    if (p->taken != NULL)
        push(&p->idle, p->taken);
    p->taken = NULL;
    if (p->under_way == 0)
        return false;
    packet *a = wait_for(p, &p->waiting[p->n_stages]);
    if (a == NULL) /* it ends: not while batches are under way */
        return false;
    p->under_way--;
    p->taken = a;
    *status = a->status;
    if (a->status != MYE_OK && err != NULL)
        *err = a->err;
    *out = (mye_pipeline_result){.loss = a->loss,
                                 .norm = sqrt(a->squares),
                                 .correct = a->correct,
                                 .B = a->batch.B,
                                 .told = mye_told_sum_get(&a->told),
                                 .index = a->batch.index};
    return true;
}

/* ---- what it is made of ---- */

int mye_pipeline_first(const mye_pipeline *p, int index)
{
    return p->first[index];
}

mye_run *mye_pipeline_run(const mye_pipeline *p, int node)
{
    int i = p->n_stages - 1;
    while (p->model->node_module[node] < p->first[i])
        i--;
    return p->stage[i].run;
}

size_t mye_pipeline_bytes(const mye_pipeline *p)
{
    size_t bytes = 0;
    for (int i = 0; i < p->n_stages; i++)
        bytes += mye_context_peak_bytes(p->stage[i].ctx);
    return bytes;
}

size_t mye_pipeline_ways_bytes(const mye_pipeline *p)
{
    return mye_run_ways_bytes(p->stage[0].run);
}

/* Each way is in the place of its pass and node, and 0 in the runs that have no part in the node. */
void mye_pipeline_ways_get(const mye_pipeline *p, uint8_t *ways)
{
    mye_run_ways_get(p->stage[0].run, ways);
    for (int i = 1; i < p->n_stages; i++)
        mye_run_ways_add(p->stage[i].run, ways);
}

void mye_pipeline_ways_set(mye_pipeline *p, const uint8_t *ways)
{
    for (int i = 0; i < p->n_stages; i++)
        mye_run_ways_set(p->stage[i].run, ways);
}
