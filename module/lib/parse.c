// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser: sizes, labels, names of buffers and PCI ids.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "lib/parse.h"

#define NODE_PREFIX	"pcibuf"
#define KEY_ALIGN	"align"

/*
 * A word of the text. The word is not terminated. So a NUL byte in the text does not
 * end the word, but is a bad character.
 */
struct word {
	const char *start;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Only ASCII is accepted. isdigit() and the like would accept more: the host's C
 * library depends on the locale, and the kernel's ctype knows Latin-1.
 */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return is_letter(c) ? c | 0x20 : c;
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (lower(c) >= 'a' && lower(c) <= 'f')
		return lower(c) - 'a' + 10;
	return -1;
}

/* Take the next word off @text. The word has length 0 at the end of the text. */
static struct word next_word(const char **text, const char *end)
{
	const char *start, *at = *text;

	while (at < end && is_blank(*at))
		at++;
	start = at;
	while (at < end && !is_blank(*at))
		at++;
	*text = at;
	return (struct word){ .start = start, .len = at - start };
}

/* echo ends the text with one newline. A caller of write(2) may omit the newline. */
static const char *text_end(const char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	return text + len;
}

static bool word_is(struct word word, const char *other)
{
	size_t i;

	for (i = 0; i < word.len; i++)
		if (!other[i] || lower(word.start[i]) != other[i])
			return false;
	return !other[i];
}

static bool all_digits(struct word word)
{
	size_t i;

	for (i = 0; i < word.len; i++)
		if (!is_digit(word.start[i]))
			return false;
	return word.len;
}

static bool is_node_name(struct word word)
{
	const size_t prefix = sizeof(NODE_PREFIX) - 1;
	struct word number;

	if (word.len <= prefix || memcmp(word.start, NODE_PREFIX, prefix))
		return false;
	number = (struct word){ word.start + prefix, word.len - prefix };
	return all_digits(number);
}

/*
 * Is the word a unit that a blank separates from its number? "512 MB" must not
 * become a buffer of 512 bytes with the label MB.
 */
static bool is_stray_unit(struct word word)
{
	struct word rest = { word.start + 1, word.len - 1 };

	if (word_is(word, "b") || word_is(word, "bytes"))
		return true;
	if (!memchr("kmgtpe", lower(*word.start), 6))
		return false;
	return !rest.len || word_is(rest, "b") || word_is(rest, "ib");
}

static bool is_label(struct word word)
{
	size_t i;

	if (!word.len || word.len >= PCIBUF_LABEL_SIZE)
		return false;
	if (*word.start == '.' || *word.start == '-')
		return false;
	for (i = 0; i < word.len; i++) {
		char c = word.start[i];

		if (!is_letter(c) && !is_digit(c) &&
		    c != '_' && c != '.' && c != '-')
			return false;
	}
	return !all_digits(word) && !is_node_name(word) && !is_stray_unit(word);
}

/* Return the binary exponent of a size suffix, 10 for K; 0 if @c is no suffix. */
static unsigned int suffix_shift(char c)
{
	switch (lower(c)) {
	case 'k': return 10;
	case 'm': return 20;
	case 'g': return 30;
	case 't': return 40;
	default: return 0;
	}
}

/*
 * Append the leading digits of the word, in base @base, to @value. Return the number
 * of digits, or -EINVAL where the value exceeds S64_MAX.
 */
static int read_digits(struct word word, unsigned int base, u64 *value)
{
	size_t i;

	for (i = 0; i < word.len; i++) {
		int digit = digit_value(word.start[i]);

		if (digit < 0 || digit >= base)
			break;
		if (*value > (S64_MAX - digit) / base)
			return -EINVAL;
		*value = *value * base + digit;
	}
	return i;
}

static int parse_size_word(struct word word, u64 *size)
{
	unsigned int base = 10, shift = 0;
	u64 value = 0;
	int used;

	if (word.len > 2 && word.start[0] == '0' && lower(word.start[1]) == 'x') {
		base = 16;
		word.start += 2;
		word.len -= 2;
	}
	used = read_digits(word, base, &value);
	if (used <= 0)
		return -EINVAL;
	if (word.len - used == 1)
		shift = suffix_shift(word.start[used]);
	if (word.len - used != !!shift)
		return -EINVAL;
	if (!value || value > (u64)S64_MAX >> shift)
		return -EINVAL;
	*size = value << shift;
	return 0;
}

/**
 * pcibuf_parse_size() - parse a size
 * @text: a decimal number ("010" is ten), or 0x and a hex number. One of the
 *	suffixes K, M, G or T may follow, in either case. Blanks around the size and
 *	one final newline are allowed
 * @len: bytes of @text. @text need not be terminated
 * @size: out: bytes, 1 to the largest file offset; unchanged on failure
 *
 * Return: 0, or -EINVAL for any other text.
 */
int pcibuf_parse_size(const char *text, size_t len, u64 *size)
{
	const char *end = text_end(text, len);
	struct word word = next_word(&text, end);

	if (next_word(&text, end).len)
		return -EINVAL;
	return parse_size_word(word, size);
}

/* Split "key=value". Without an equals sign the word is no pair. */
static bool split_pair(struct word word, struct word *key, struct word *value)
{
	const char *equals = word.len ? memchr(word.start, '=', word.len) : NULL;

	if (!equals)
		return false;
	*key = (struct word){ word.start, equals - word.start };
	*value = (struct word){ equals + 1, word.len - key->len - 1 };
	return true;
}

/* Take one key=value into @request. Return what is wrong, or PCIBUF_BAD_TEXT. */
static enum pcibuf_bad_word parse_pair(struct word word,
				       struct pcibuf_request *request)
{
	struct word key, value;
	u64 align;

	if (!split_pair(word, &key, &value))
		return PCIBUF_BAD_EXTRA;
	if (key.len != sizeof(KEY_ALIGN) - 1 ||
	    memcmp(key.start, KEY_ALIGN, key.len))
		return PCIBUF_BAD_KEY;
	if (request->align)
		return PCIBUF_BAD_TWICE;
	if (parse_size_word(value, &align))
		return PCIBUF_BAD_ALIGN;
	if (align & (align - 1))
		return PCIBUF_BAD_POWER;
	request->align = align;
	return PCIBUF_BAD_TEXT;
}

/* Take the words after the size: a label, if the next word is no pair, and pairs. */
static enum pcibuf_bad_word parse_rest(const char *text, const char *end,
				       struct pcibuf_request *request)
{
	struct word key, value, word = next_word(&text, end);
	enum pcibuf_bad_word bad = PCIBUF_BAD_TEXT;

	if (word.len && !split_pair(word, &key, &value)) {
		if (!is_label(word))
			return PCIBUF_BAD_LABEL;
		memcpy(request->label, word.start, word.len);
		word = next_word(&text, end);
	}
	for (; word.len && !bad; word = next_word(&text, end))
		bad = parse_pair(word, request);
	return bad;
}

/**
 * pcibuf_parse_request() - parse "SIZE [LABEL] [align=SIZE]"
 * @text: text that was written to alloc or alloc_sg
 * @len: bytes of @text. @text need not be terminated
 * @request: out: what is asked for; filled on success only
 * @bad: out: on failure, what is wrong with the first word that is malformed
 *
 * Words that follow the label have the form key=value, each key at most once. The
 * only key is align. A word with an equals sign is never a label.
 *
 * Return: 0, or -EINVAL for any other text.
 */
int pcibuf_parse_request(const char *text, size_t len,
			 struct pcibuf_request *request,
			 enum pcibuf_bad_word *bad)
{
	const char *end = text_end(text, len);
	struct pcibuf_request found = { };

	*bad = PCIBUF_BAD_SIZE;
	if (parse_size_word(next_word(&text, end), &found.size))
		return -EINVAL;
	*bad = parse_rest(text, end, &found);
	if (*bad)
		return -EINVAL;
	*request = found;
	return 0;
}

/**
 * pcibuf_parse_name() - parse the name of a buffer: a label, an index or pcibufN
 * @text: text that was written to free or revoke
 * @len: bytes of @text. @text need not be terminated
 * @name: out: the name, terminated; unchanged on failure
 *
 * Return: 0, or -EINVAL for text that no buffer can have as its name.
 */
int pcibuf_parse_name(const char *text, size_t len,
		      char name[PCIBUF_LABEL_SIZE])
{
	const char *end = text_end(text, len);
	struct word word = next_word(&text, end);

	if (next_word(&text, end).len || word.len >= PCIBUF_LABEL_SIZE)
		return -EINVAL;
	if (!is_label(word) && !all_digits(word) && !is_node_name(word))
		return -EINVAL;
	memset(name, 0, PCIBUF_LABEL_SIZE);
	memcpy(name, word.start, word.len);
	return 0;
}

/* Take four hex digits off @text, and the colon after them unless the text ends. */
static int parse_id_part(const char **text, const char *end, u32 *part)
{
	struct word word = { *text, 4 };
	u64 value = 0;

	if (end - *text < 4 || read_digits(word, 16, &value) != 4)
		return -EINVAL;
	*text += 4;
	if (*text < end && *(*text)++ != ':')
		return -EINVAL;
	*part = value;
	return 0;
}

/**
 * pcibuf_parse_id() - parse VVVV:DDDD[:SVVV[:SDDD]], four hex digits each
 * @text: one entry of the module parameter ids
 * @len: bytes of @text. @text need not be terminated
 * @id: out: the ids; filled on success only
 *
 * Return: 0, or -EINVAL for any other text.
 */
int pcibuf_parse_id(const char *text, size_t len, struct pcibuf_id *id)
{
	u32 part[4] = { 0, 0, PCIBUF_ANY_ID, PCIBUF_ANY_ID };
	const char *end = text + len;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(part) && (i < 2 || text < end); i++)
		if (parse_id_part(&text, end, &part[i]))
			return -EINVAL;
	if (text < end || (len && end[-1] == ':'))
		return -EINVAL;
	*id = (struct pcibuf_id){ part[0], part[1], part[2], part[3] };
	return 0;
}
