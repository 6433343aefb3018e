/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Intrusive doubly linked list.  The head is a struct list linked to itself when empty; a member
 * embeds a struct list and is found again with list_entry().  Unlinking twice is harmless.
 */
#include "base/macro.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(l) ((struct list){.next = &(l), .prev = &(l)})

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_before(struct list *at, struct list *item)
{
	item->prev = at->prev;
	item->next = at;
	at->prev->next = item;
	at->prev = item;
}

static inline void list_append(struct list *head, struct list *item)
{
	list_insert_before(head, item);
}

static inline void list_unlink(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

static inline struct list *list_pop(struct list *head)
{
	struct list *item = head->next;
	if (item == head)
		return NULL;
	list_unlink(item);
	return item;
}

/* Moves everything in `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(item, type, member) container_of(item, type, member)
#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
#define list_for_each_safe(it, head)                                              \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
		it = it##_next, it##_next = it->next)
