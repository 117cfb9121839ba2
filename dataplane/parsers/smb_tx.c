// Transactions and shares of SMB, see smb.h. Next: smb_file.c.
#include "dataplane/parsers/smb.h"

struct smb_tx *smb_tx_new(struct smb *z, const struct smb_msg *m, enum smb_kind kind)
{
	struct smb_tx *tx = (struct smb_tx *)app_tx_new(z->run, z->s);

	if (!tx) {
		smb_event(z, NULL, SMB_TOO_MANY_TRANSACTIONS);
		return NULL;
	}
	tx->msg = *m;
	tx->kind = (uint8_t)kind;
	tx->state = z->st;
	tx->tx.dirs = 3;
	// whether a tree is of files or of pipes is the answer's to say
	tx->tx.progress[DIR_TO_SERVER] = kind != SMB_DCERPC && kind != SMB_FILE && kind != SMB_TREE;
	return tx;
}

void smb_trees_wait_no_longer(struct smb *z)
{
	for (struct app_tx *at = app_tx_first(z->s); at; at = at->next)
		if (((struct smb_tx *)at)->kind == SMB_TREE)
			at->progress[DIR_TO_SERVER] = 1;
}

struct smb_tx *smb_tx_find(struct smb *z, const struct smb_msg *m)
{
	for (struct app_tx *at = app_tx_first(z->s); at; at = at->next) {
		struct smb_tx *tx = (struct smb_tx *)at;
		bool negotiation = m->version == 2 && tx->msg.version == 1 && tx->kind == SMB_NEGOTIATE &&
				   m->command == SMB2_NEGOTIATE_PROTOCOL;
		if (tx->kind != SMB_FILE && !tx->answered && tx->msg.id == m->id &&
			((tx->msg.version == m->version && tx->msg.command == m->command) || negotiation))
			return tx;
	}
	return NULL;
}

void smb_tx_answer(struct smb_tx *tx, const struct smb_msg *m)
{
	tx->answered = true;
	tx->has_status = true;
	tx->msg.status = m->status;
	tx->msg.dos = m->dos;
	if (tx->kind == SMB_SESSION)
		tx->msg.session = m->session;
	if (tx->kind == SMB_TREE && !smb_status_is_error(m->status))
		tx->msg.tree = m->tree;
	if (tx->kind == SMB_DCERPC && !smb_status_is_error(m->status))
		return; // its answer is the pipe's
	tx->tx.progress[DIR_TO_SERVER] = tx->tx.progress[DIR_TO_CLIENT] = 1;
}

void smb_event(struct smb *z, struct smb_tx *tx, enum smb_event e)
{
	struct app_tx *at = tx ? &tx->tx : app_tx_first(z->s);

	while (!tx && at && at->next)
		at = at->next;
	app_event(z->run, z->s, at, (uint8_t)e);
}

void smb_text_set(struct smb *z, struct app_text *t, const uint8_t *at, uint32_t len, bool wide)
{
	t->len = 0;
	if (!wide) {
		app_text_add(z->run, t, at, len, SMB_TEXT_MAX);
		return;
	}
	for (uint32_t i = 0; i < len && t->len < SMB_TEXT_MAX; i++)
		if (at[i] && !app_text_add(z->run, t, at + i, 1, SMB_TEXT_MAX))
			return;
}

void smb_text_copy(struct smb *z, struct app_text *t, const struct app_text *from)
{
	t->len = 0;
	app_text_add(z->run, t, from->at, from->len, SMB_TEXT_MAX);
}

bool smb_status_is_error(uint32_t status)
{
	return status != 0 && status != SMB_STATUS_BUFFER_OVERFLOW && status != SMB_STATUS_MORE_PROCESSING;
}

struct smb_tree *smb_tree_find(struct smb_state *st, const struct smb_msg *m)
{
	for (uint32_t i = 0; i < SMB_TREES; i++)
		if (st->trees[i].used && st->trees[i].tree == m->tree && st->trees[i].session == m->session)
			return &st->trees[i];
	return NULL;
}

void smb_tree_open(struct smb *z, const struct smb_msg *m, const struct smb_tx *tx)
{
	struct smb_tree *t = smb_tree_find(z->st, m);

	if (!t)
		t = &z->st->trees[z->st->tree_at++ % SMB_TREES];
	t->used = true;
	t->session = m->session;
	t->tree = m->tree;
	t->is_pipe = tx->is_pipe;
	smb_text_copy(z, &t->name, &tx->text[SMB_NAME]);
}

void smb_tree_close(struct smb *z, const struct smb_msg *m)
{
	struct smb_tree *t = smb_tree_find(z->st, m);

	if (!t)
		return;
	app_text_free(z->run, &t->name);
	t->used = false;
}
