// A mail server and its client on the bench: what one says to the other, mails, what becomes of them.
#pragma once

#include "tests/unit/parser_lab.h"

extern const struct parser parser_smtp;

#define MAIL_BEGIN                                                                                                 \
	"220 mx ready\r\n", "EHLO me\r\n", "250 mx\r\n", "MAIL FROM:<a@b>\r\n", "250 ok\r\n", "RCPT TO:<c@d>\r\n", \
		"250 ok\r\n", "DATA\r\n", "354 go\r\n"
#define MAIL_FIELDS "From: A <a@b>\r\nTo: c@d\r\n"
#define MAIL_SMTP "smtp:{helo:\"me\",mail_from:\"<a@b>\",rcpt_to:[\"<c@d>\"]}"

static struct parser_lab lab;

static inline int open_lab(void **state)
{
	plab_open(&lab, &parser_smtp, OVER_TCP);
	return 0;
}

static inline int close_lab(void **state)
{
	plab_close(&lab);
	return 0;
}

// The server speaks first, then in turns; up to NULL.
static inline void talk(const char *first, ...)
{
	uint8_t dir = DIR_TO_CLIENT;
	va_list ap;

	va_start(ap, first);
	for (const char *said = first; said; said = va_arg(ap, const char *), dir = !dir)
		if (*said)
			plab_feed_string(&lab, dir, said);
	va_end(ap);
}

// A mail of this content, up to its dot.
static inline void mail(const char *content)
{
	talk(MAIL_BEGIN, content, NULL);
	plab_feed_string(&lab, DIR_TO_SERVER, "\r\n.\r\n");
}

static inline bool event(const char *name)
{
	return plab_has_event(&lab, plab_tx(&lab, 0), name);
}

static inline const char *record(uint32_t tx)
{
	return plab_log(&lab, plab_tx(&lab, tx));
}

static inline const char *file_data(uint32_t nth)
{
	return plab_text(&lab, plab_tx(&lab, 0), "file.data", DIR_TO_SERVER, nth);
}

static inline const char *file_name(uint32_t nth)
{
	return plab_text(&lab, plab_tx(&lab, 0), "file.name", DIR_TO_SERVER, nth);
}
