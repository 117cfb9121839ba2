// Frames: what a protocol's own framing puts together, handed to the rule engine where it lies; of frames that go on
// past what has come, the rest is gathered until it is a piece. Next: app_show.c.
#include "dataplane/app_session.h"

static void show(struct app_run *run, const struct app_session *s, const struct app_open_frame *o, const uint8_t *at,
	uint32_t len)
{
	const struct app_frames_to *to = &run->frames;
	struct app_frame f = {s->parser, at, len, o->shown, o->type, o->dir, to->p, to->f, to->cold, to->drun};

	to->consumer->on_frame(to->consumer->arg, &f);
}

// The next bytes of a frame: shown with what was kept of it where they end it or make up a piece, else kept as well.
static void take(struct app_run *run, struct app_session *s, struct app_open_frame *o, const uint8_t *at, uint32_t len)
{
	uint32_t all = o->kept.len + len;

	if (!all)
		return;
	if (o->left != FRAME_OPEN)
		o->left -= len;
	if (!o->kept.len && (!o->left || len >= FRAME_PIECE)) {
		show(run, s, o, at, len);
		o->shown += len;
		return;
	}
	if (!app_text_add(run, &o->kept, at, len, all)) {
		run->frames_lost++;
		o->shown += all;
		o->kept.len = 0;
		return;
	}
	if (o->left && all < FRAME_PIECE)
		return;
	show(run, s, o, o->kept.at, all);
	o->shown += all;
	o->kept.len = 0;
}

static struct app_open_frame *open_new(struct app_run *run, struct app_session *s)
{
	if (!s->frames)
		s->frames = app_alloc(run, sizeof(*s->frames));
	if (!s->frames || s->frames->n == OPEN_FRAMES_MAX) {
		run->frames_lost++;
		return NULL;
	}
	return &s->frames->at[s->frames->n++];
}

bool app_frames_wanted(const struct app_run *run)
{
	return run->frames.types != 0;
}

void app_frame(struct app_run *run, struct app_session *s, const struct app_input *in, uint8_t type, const uint8_t *at,
	uint64_t len)
{
	uint32_t there = (uint32_t)(in->data + in->len - at);
	struct app_open_frame frame = {.type = type, .dir = in->dir, .left = len, .from = (uint32_t)(at - in->data)},
			      *o;

	if (!(run->frames.types >> type & 1) || !len)
		return;
	if (len <= there || in->over == OVER_UDP)
		take(run, s, &frame, at, len < there ? (uint32_t)len : there);
	else if ((o = open_new(run, s)) != NULL)
		*o = frame;
}

// A frame ends: with its direction, or because it is whole or bytes of it are lost.
static void drop(struct app_run *run, struct app_session *s, uint32_t i)
{
	struct app_open_frames *list = s->frames;

	app_text_free(run, &list->at[i].kept);
	list->at[i] = list->at[--list->n];
}

void app_frame_end(
	struct app_run *run, struct app_session *s, const struct app_input *in, uint8_t type, const uint8_t *at)
{
	for (uint32_t i = s->frames ? s->frames->n : 0; i--;) {
		struct app_open_frame *o = &s->frames->at[i];
		if (o->type != type || o->dir != in->dir)
			continue;
		o->left = (uint32_t)(at - in->data) - o->from;
		take(run, s, o, in->data + o->from, (uint32_t)o->left);
		drop(run, s, i);
	}
}

void app_frames_before(struct app_run *run, struct app_session *s, const struct app_input *in, uint32_t had)
{
	run->session = s;
	for (uint32_t i = s->frames ? s->frames->n : 0; i--;) {
		if (s->frames->at[i].dir != in->dir)
			continue;
		s->frames->at[i].from = had < in->len ? had : in->len;
		if (in->gap)
			drop(run, s, i);
	}
	if (in->start && in->over == OVER_TCP)
		app_frame(run, s, in, FRAME_STREAM, in->data, in->last ? in->len : FRAME_OPEN);
}

void app_frames_after(struct app_run *run, struct app_session *s, const struct app_input *in)
{
	run->session = s;
	for (uint32_t i = s->frames ? s->frames->n : 0; i--;) {
		struct app_open_frame *o = &s->frames->at[i];
		uint32_t fresh = in->len - o->from;
		if (o->dir != in->dir)
			continue;
		if (in->last && o->left == FRAME_OPEN)
			o->left = fresh;
		take(run, s, o, in->data + o->from, o->left < fresh ? (uint32_t)o->left : fresh);
		if (in->last || !o->left)
			drop(run, s, i);
	}
}

void app_frames_free(struct app_run *run, struct app_session *s)
{
	for (uint32_t i = s->frames ? s->frames->n : 0; i--;)
		drop(run, s, i);
	app_free(run, s->frames);
	s->frames = NULL;
}
